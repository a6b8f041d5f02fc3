// Whether the running kernel does what the simulated machine does.
#pragma once

#include <optional>
#include <string>

#include "tools/run/kernel_runner.h"
#include "tools/run/outcome.h"
#include "tools/run/sim_runner.h"
#include "tools/script/op.h"

namespace tools::run {

/// The rules simulated are those of the measured kernel; under another one a difference may be
/// right.
[[nodiscard]] bool runs_the_measured_kernel();

/// The machine this one is, with the rules of the measured kernel and the knobs that the script's
/// header turns.
[[nodiscard]] SimSetup setup_for(const script::Program& program);

/// What a run on the simulated machine and one on this kernel do not agree on, in words.
struct Verdict {
  std::string difference;  ///< empty: they agree, or what they do not is explained
  std::string explained;   ///< the difference that is
};

/// The first difference. It is explained if it comes after something that depends on where the
/// kernel puts what a script leaves to it: what lies beside such a mapping is the kernel's state,
/// and no rule's. The simulated machine is setup_for the program, with the kernel's allocator,
/// which is one of ours. Throws Unsupported.
[[nodiscard]] Verdict first_difference(const script::Program& program, const RunOptions& options,
                                       const KernelOptions& kernel = {});

/// The first operation whose outcome depends on that: simulated, it is another one where mappings
/// are placed elsewhere: from below, with no room beside them, at the end of the address space, in
/// a hole, or some pages lower.
[[nodiscard]] std::optional<std::size_t> first_placed_op(const script::Program& program,
                                                         const RunOptions& options,
                                                         const SimSetup& setup);

/// The first difference, unless it does not last: a kernel that has just been busy now and then
/// takes a fault more (spec/linux-faults section 14).
[[nodiscard]] Verdict lasting_difference(const script::Program& program, const RunOptions& options,
                                         const KernelOptions& kernel = {});

/// The states at the end of all pages that the script mapped where it said, as each process that is
/// still there sees them.
[[nodiscard]] std::vector<Probe> probes_at_end(const script::Program& program);

}  // namespace tools::run
