// Whether the running kernel does what the simulated machine does.
#include "tests/scripts/kernel_check.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <string_view>

#include "tools/run/compare_runs.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/sim_runner.h"

namespace tools::run {
namespace {

std::string first_difference(const script::Program& program, const RunOptions& options) {
  const RunOutcome real = KernelRunner{}.run(program, options);
  const RunOutcome simulated = SimRunner{with_heap_of({}, real)}.run(program, options);
  const auto first = compare_runs(program, simulated, real).first;
  if (!first) return {};
  return fmt::format("{}:{}: {}: simulated {}, this kernel {}", program.path, first->line,
                     first->subject, first->left, first->right);
}

}  // namespace

bool runs_the_measured_kernel() {
  utsname system{};
  return uname(&system) == 0 && std::string_view{system.release}.starts_with("6.18.");
}

std::string lasting_difference(const script::Program& program, bool keep_going) {
  RunOptions options;
  options.keep_going = keep_going;
  const std::string first = first_difference(program, options);
  if (first.empty()) return {};
  const std::string second = first_difference(program, options);
  const std::string third = first_difference(program, options);
  return second.empty() && third.empty() ? std::string{} : first;
}

}  // namespace tools::run
