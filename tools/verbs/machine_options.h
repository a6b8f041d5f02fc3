// Which machine is simulated: --machine, --kernel and --set.
#pragma once

#include <string>
#include <vector>

#include "pagesim/kernel/version.h"
#include "tools/explain/header.h"
#include "tools/run/sim_runner.h"

namespace CLI {
class App;
}

namespace tools::verbs {

/// The machine this program runs on, or x86-64 if that is not simulated.
[[nodiscard]] std::string default_machine();

struct MachineOptions {
  std::string machine = default_machine();
  std::string kernel;                  ///< "linux-6.1"; empty: the running one's version
  std::vector<std::string> settings;   ///< KNOB=VALUE
  std::string allocator = "ptmalloc";  ///< of verbs that ask; the machine has ptmalloc for others'
  std::uint64_t seed = 1;

  void add_to(CLI::App& verb);
  /// --allocator, with what the verb says of it.
  void add_allocator_to(CLI::App& verb, const std::string& description);
  /// Throws Refusal where the simulated machine does not run the allocator.
  void check_simulated() const;
  /// What a script's header says of its machine holds where the user says nothing else.
  void take(const explain::ScriptHeader& header);
  /// Of --kernel, or of the running kernel. Throws Refusal where it names none.
  [[nodiscard]] pagesim::kernel::KernelVersion version() const;
  /// Throws Refusal (status 2) naming a machine, knob or value that does not exist (knobs.h).
  [[nodiscard]] run::SimSetup setup(const pagesim::Profile& profile = {}) const;
  /// Of the machine's pages; throws as setup does.
  [[nodiscard]] unsigned page_shift() const;
};

}  // namespace tools::verbs
