// Whether the running kernel does what the simulated machine does.
#pragma once

#include <string>

#include "tools/run/kernel_runner.h"
#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::run {

/// The rules simulated are those of the measured kernel; under another one a difference may be
/// right.
[[nodiscard]] bool runs_the_measured_kernel();

/// The first difference between a run on the simulated machine and one on this kernel; empty if
/// there is none. Throws Unsupported.
[[nodiscard]] std::string first_difference(const script::Program& program,
                                           const RunOptions& options,
                                           const KernelOptions& kernel = {});

/// The same, unless it does not last: a kernel that has just been busy now and then takes a fault
/// more (spec/linux-faults section 14).
[[nodiscard]] std::string lasting_difference(const script::Program& program,
                                             const RunOptions& options,
                                             const KernelOptions& kernel = {});

/// The states at the end of all pages that the script mapped where it said, as each process that is
/// still there sees them.
[[nodiscard]] std::vector<Probe> probes_at_end(const script::Program& program);

}  // namespace tools::run
