// Whether the running kernel does what the simulated machine does.
#include "tests/scripts/kernel_check.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "tools/explain/header.h"
#include "tools/measure/raw_syscall.h"
#include "tools/run/compare_runs.h"
#include "tools/run/running_kernel.h"
#include "tools/verbs/machine_options.h"

namespace tools::run {

namespace {

using pagesim::VirtAddr;

/// Mappings from the lowest address upward: above each there is room.
pagesim::Layout placed_from_below(pagesim::Layout layout) {
  layout.mmap_base = VirtAddr{0x10000};
  return layout;
}

/// Mappings right below the program's own, and the program's code far from address 0.
pagesim::Layout placed_without_room(pagesim::Layout layout) {
  layout.mmap_base = layout.thread_locals;
  layout.text = VirtAddr{0x200000000000};
  return layout;
}

/// Mappings up to the end of the address space: what reaches beyond them is refused.
pagesim::Layout placed_at_the_end(pagesim::Layout layout) {
  layout.mmap_base = layout.task_size;
  layout.stack_top = layout.task_size - (std::uint64_t{1} << 30);
  return layout;
}

/// Small mappings in a hole of eight pages between the program's own, larger ones below it.
pagesim::Layout placed_in_a_hole(pagesim::Layout layout) {
  layout.text = layout.mmap_base;
  layout.globals = layout.mmap_base - 8 * measure::kPage - layout.globals_bytes;
  return layout;
}

/// As usual and at each other distance from a multiple of 64 KiB, up to which blocks are aligned.
std::vector<pagesim::Layout> other_placements(const pagesim::Layout& usual) {
  std::vector<pagesim::Layout> all{placed_from_below(usual), placed_without_room(usual),
                                   placed_at_the_end(usual), placed_in_a_hole(usual)};
  for (unsigned pages = 1; pages < 16; ++pages) {
    all.push_back(usual);
    all.back().mmap_base = usual.mmap_base - pages * measure::kPage;
  }
  return all;
}

}  // namespace

SimSetup setup_for(const script::Program& program) {
  verbs::MachineOptions machine;
  machine.take(explain::read_header(program.source));
  machine.kernel = "linux-6.18";
  SimSetup setup = machine.setup();
  pagesim::kernel::Profile here;
  read_settings(here);
  setup.profile.mmap_min_addr = here.mmap_min_addr;
  setup.profile.cap_sys_rawio = here.cap_sys_rawio;
  return setup;
}

std::optional<std::size_t> first_placed_op(const script::Program& program,
                                           const RunOptions& options, const SimSetup& setup) {
  const RunOutcome usual = SimRunner{setup}.run(program, options);
  std::optional<std::size_t> first;
  for (const pagesim::Layout& layout : other_placements(setup.layout)) {
    SimSetup other = setup;
    other.layout = layout;
    const auto differs = compare_runs(program, usual, SimRunner{other}.run(program, options)).first;
    if (differs) first = std::min(first.value_or(differs->op), differs->op);
  }
  return first;
}

Verdict first_difference(const script::Program& program, const RunOptions& options,
                         const KernelOptions& kernel) {
  const RunOutcome real = KernelRunner{kernel}.run(program, options);
  SimSetup setup = with_heap_of(setup_for(program), real);
  setup.allocator = own_allocator(kernel.allocator).value();
  const RunOutcome simulated = SimRunner{setup}.run(program, options);
  const auto first = compare_runs(program, simulated, real).first;
  if (!first) return {};
  std::string text = fmt::format("{}:{}: {}: simulated {}, this kernel {}", program.path,
                                 first->line, first->subject, first->left, first->right);
  const auto placed = first_placed_op(program, options, setup);
  if (placed && *placed <= first->op) return {{}, std::move(text)};
  return {std::move(text), {}};
}

bool runs_the_measured_kernel() {
  utsname system{};
  return uname(&system) == 0 && std::string_view{system.release}.starts_with("6.18.");
}

Verdict lasting_difference(const script::Program& program, const RunOptions& options,
                           const KernelOptions& kernel) {
  const Verdict first = first_difference(program, options, kernel);
  for (int again = 0; again < 2 && !first.difference.empty(); ++again)
    if (first_difference(program, options, kernel).difference.empty()) return {};
  return first;
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
