// SimulatedSpace: an address space of the simulated machine that follows one of a real program.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "pagesim/ledger.h"
#include "pagesim/machine.h"
#include "tools/compare/fault.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/simulated_files.h"

namespace tools::compare {

/// What the simulated kernel made of a fault the real one had.
struct Explanation {
  pagesim::Cause cause = pagesim::Cause::Unknown;
  bool expected = true;  ///< the simulated page was as the real one must have been
};

/// The real kernel's word is law: before a fault is simulated, a page that it had and the
/// simulation lacks is made, and one that it lacked is dropped. Each such repair makes the fault an
/// unexpected one, but for file pages, whose page cache nobody saw.
class SimulatedSpace {
 public:
  /// Finds the spaces that a page may be shared with since a fork; empty: there was none.
  using Relatives = std::function<std::vector<SimulatedSpace*>()>;

  /// Takes over a process, all of whose memory is unmapped.
  SimulatedSpace(pagesim::Machine& machine, SimulatedFiles& files, pagesim::Task& task);
  /// A child, as fork leaves it.
  [[nodiscard]] SimulatedSpace fork(std::uint64_t child_tid);
  void exit();

  /// Both return how many faults populating memory took.
  std::uint64_t map(const StreamMap& map, bool populate);
  std::uint64_t call(const StreamCall& call);
  Explanation fault(const Fault& fault, const Relatives& relatives);

 private:
  using Range = std::pair<pagesim::VirtAddr, pagesim::VirtAddr>;

  [[nodiscard]] pagesim::kernel::Mm& mm() const;
  [[nodiscard]] bool is_mapped(pagesim::VirtAddr at) const;
  [[nodiscard]] bool is_writable(pagesim::VirtAddr at) const;
  [[nodiscard]] pagesim::Cause handle(pagesim::VirtAddr at, pagesim::Access access,
                                      pagesim::Mode mode);
  void enter_stack(const Fault& fault);
  void note_page_cache(const Fault& fault);
  [[nodiscard]] std::optional<bool> was_present(const Fault& fault, pagesim::Access access) const;
  [[nodiscard]] bool repair(const Fault& fault, pagesim::Access access, const Relatives& relatives);
  void make_page(pagesim::VirtAddr at, pagesim::Access access, const Relatives& relatives);
  void set_break(pagesim::VirtAddr end);
  void resize(const StreamCall& call);
  void change(const StreamCall& call);
  /// Another thread had a fault on the page a moment ago.
  [[nodiscard]] bool raced(const Fault& fault) const;

  pagesim::Machine* machine_;
  SimulatedFiles* files_;
  pagesim::Task* task_;
  Range heap_{};
  bool stack_known_ = false;  ///< what execve wrote to the stack has been made
  std::array<std::pair<std::int32_t, std::uint64_t>, 32> recent_{};  ///< thread and page
  std::size_t next_recent_ = 0;
};

}  // namespace tools::compare
