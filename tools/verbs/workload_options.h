// What a verb runs: a script or a recorded trace, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace CLI {
class App;
}

namespace tools::verbs {

struct WorkloadOptions {
  std::string touch = "first";           ///< traces: none, first, all
  std::optional<std::uint32_t> process;  ///< traces: which recorded process
  bool keep_going = false;
  bool accept_torn = false;  ///< run what is left of a trace that was cut off

  void add_to(CLI::App& verb);
  /// The script or trace at `path`; a trace is known by its first bytes. Throws what the readers
  /// throw: ScriptError, TraceError, std::runtime_error, each with one sentence.
  [[nodiscard]] script::Program load(const std::string& path) const;
  [[nodiscard]] run::RunOptions run_options() const;
};

}  // namespace tools::verbs
