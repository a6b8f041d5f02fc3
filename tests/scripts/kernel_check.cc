// Whether the running kernel does what the simulated machine does.
#include "tests/scripts/kernel_check.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "tools/run/compare_runs.h"
#include "tools/run/sim_runner.h"

namespace tools::run {

std::string first_difference(const script::Program& program, const RunOptions& options,
                             const KernelOptions& kernel) {
  const RunOutcome real = KernelRunner{kernel}.run(program, options);
  const RunOutcome simulated = SimRunner{with_heap_of({}, real)}.run(program, options);
  const auto first = compare_runs(program, simulated, real).first;
  if (!first) return {};
  return fmt::format("{}:{}: {}: simulated {}, this kernel {}", program.path, first->line,
                     first->subject, first->left, first->right);
}

bool runs_the_measured_kernel() {
  utsname system{};
  return uname(&system) == 0 && std::string_view{system.release}.starts_with("6.18.");
}

std::string lasting_difference(const script::Program& program, const RunOptions& options,
                               const KernelOptions& kernel) {
  const std::string first = first_difference(program, options, kernel);
  if (first.empty()) return {};
  const std::string second = first_difference(program, options, kernel);
  const std::string third = first_difference(program, options, kernel);
  return second.empty() || third.empty() ? std::string{} : first;
}

std::vector<Probe> probes_at_end(const script::Program& program) {
  std::vector<Probe> probes;
  std::set<std::uint32_t> ended;
  for (const script::Op& op : program.ops)
    if (op.verb == script::Verb::Exit) ended.insert(op.peer);
  for (std::uint32_t task = 0; task < program.processes.size(); ++task) {
    if (ended.contains(task) || program.processes[task].is_thread) continue;
    for (const script::Op& op : program.ops) {
      const bool placed = op.verb == script::Verb::Mmap && (op.flags & script::flag::Fixed) != 0 &&
                          op.from.base == script::Base::Absolute;
      const auto pages = static_cast<std::int64_t>(std::min<std::uint64_t>(op.n >> 12, 64));
      if (placed) probes.push_back({program.ops.size() - 1, task, op.from, pages});
    }
  }
  return probes;
}

}  // namespace tools::run
