// Running a program on this kernel.
#include "tools/run/kernel_runner.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <stop_token>
#include <thread>

#include "tools/measure/allocator_library.h"
#include "tools/measure/kept_tracepoints.h"
#include "tools/measure/rights.h"
#include "tools/run/child_process.h"
#include "tools/run/kernel_log.h"
#include "tools/run/kernel_settings.h"
#include "tools/run/memory_group.h"
#include "tools/run/own_allocator.h"
#include "tools/run/running_kernel.h"
#include "tools/run/temp_files.h"

namespace tools::run {
namespace {

using script::Op;
using script::Verb;

constexpr std::uint32_t kRootRingPages = 2048;
constexpr std::size_t kSettleOps = 10'000;
constexpr std::size_t kMaxTasks = 256;

/// Whether the run is to be in a memory cgroup of its own.
bool needs_group(const script::Program& program) {
  return limits_memory(program) || program.has(Verb::Swapout);
}

/// The questions about pages, then those about files.
std::vector<child::PageProbe> shared_probes(const std::vector<Probe>& probes,
                                            const std::vector<CacheProbe>& cache_probes) {
  std::vector<child::PageProbe> shared;
  shared.reserve(probes.size() + cache_probes.size());
  for (const Probe& probe : probes)
    shared.push_back({probe.op, probe.to, probe.process, probe.pages});
  for (const CacheProbe& probe : cache_probes) shared.push_back({probe.op, {}, 0, 0, probe.file});
  return shared;
}

/// What the machine cannot do is said before anything runs.
void check(const script::Program& program, const KernelOptions& options) {
  if (program.page_shift != 12)
    throw std::runtime_error{program.path + " is for another page size than this kernel's 4 KiB"};
  if (program.processes.size() > kMaxTasks)
    throw std::runtime_error{
        fmt::format("{} has more than {} processes and threads", program.path, kMaxTasks)};
  const bool swap = measure::has_swap();
  for (const Op& op : program.ops) {
    if (op.verb == Verb::Swapout && !swap)
      throw Unsupported{program, op, "this machine has no swap space (see swapon)"};
    if (op.verb == Verb::KsmScan && access((std::string{kKsmDirectory} + "run").c_str(), W_OK) != 0)
      throw Unsupported{program, op, "merging needs root and a kernel with CONFIG_KSM"};
    if (op.verb == Verb::NumaScan)
      throw Unsupported{
          program, op,
          "nobody can ask this kernel for it: balancing looks at a process of several "
          "threads after seconds of its time, and at all of its memory"};
    if (op.verb == Verb::Sysctl && !options.allow_sysctl && !is_memory_limit(program, op))
      throw Unsupported{program, op, "it changes a setting of the whole machine: allow it first"};
  }
}

void ask(child::Header& header, const script::Program& program, const RunOptions& options,
         const KernelOptions& kernel) {
  header.keep_going = options.keep_going;
  header.with_rss = options.with_rss && kernel.measure_each;
  header.with_faults = options.with_faults && kernel.measure_each && !kernel.time_accesses;
  header.measure_each = kernel.measure_each;
  header.time_accesses = kernel.time_accesses;
  header.with_causes = header.with_faults != 0 && kernel.with_causes;
  header.with_huge = speaks_of_huge_pages(program, own_allocator(kernel.allocator));
  header.watch_growth = std::any_of(program.ops.begin(), program.ops.end(), [](const Op& op) {
    return (op.flags & script::flag::Growsdown) != 0 || op.to.base == script::Base::Stack;
  });
  header.rest_after_major = kernel.rest_after_major;
  header.hold_at_end = kernel.at_end ? 1 : 0;
  header.settle = program.ops.size() <= kSettleOps;
  header.has_swap = measure::has_swap();
  header.lock_own = limits_memory(program);
  header.runner_pid = getpid();
}

void ask_perf(child::Header& header, const measure::Tracepoints& tracepoints) {
  header.user_tracepoint = tracepoints.user;
  header.kernel_tracepoint = tracepoints.kernel;
  header.address_offset = tracepoints.address_offset;
  header.error_code_offset = tracepoints.error_code_offset;
  header.ring_pages = measure::has_sys_admin() ? kRootRingPages : measure::ring_pages_allowed();
}

child::Serve serving(std::optional<OwnAllocator> own) {
  if (!own) return child::Serve::Process;
  return *own == OwnAllocator::Faultline ? child::Serve::Faultline : child::Serve::Ptmalloc;
}

/// Sets who serves; returns what to preload.
std::string serve(child::Header& header, const script::Program& program,
                  const std::string& allocator) {
  const std::optional<OwnAllocator> own = own_allocator(allocator);
  header.warm_libc = own && program.has(Verb::Thread);
  header.serve = serving(own);
  if (own || allocator == "glibc") return {};
  const measure::AllocatorLibrary library = measure::find_allocator(allocator);
  if (library.path.size() >= sizeof header.library)
    throw std::runtime_error{"the path of the library is too long: " + library.path};
  std::strncpy(header.library, library.path.c_str(), sizeof header.library - 1);
  header.exports = library.exports;
  for (const Op& op : program.ops) {
    if (op.verb > Verb::Mallopt) continue;
    const auto name = script::to_string(op.verb);
    const auto* const call =
        std::find(std::begin(measure::kAllocatorCalls), std::end(measure::kAllocatorCalls), name);
    if ((library.exports >> (call - std::begin(measure::kAllocatorCalls)) & 1) == 0)
      throw Unsupported{program, op, library.name + " has no such function"};
  }
  return library.path;
}

void enter(child::Header& header, const MemoryGroup& group) {
  if (group.directory().size() >= sizeof header.memory_group) return;
  std::strcpy(header.memory_group, group.directory().c_str());
  header.memory_group_unified = group.is_unified();
}

std::string line_of(const script::Program& program, std::uint64_t op) {
  if (op >= program.ops.size()) return program.path;
  return fmt::format("{}:{}", program.path, program.ops[op].line);
}

/// Whether the kernel killed the measured process for want of memory under its limit.
bool is_oom_kill(const ChildEnd& end, const std::optional<MemoryGroup>& group) {
  return group && WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGKILL &&
         group->oom_kills() != 0;
}

/// The operation it was amid: what that had cost is not known.
void add_oom_kill(RunOutcome& outcome, std::uint64_t op) {
  if (op >= outcome.ops.size()) return;
  outcome.ops[op].ran = true;
  outcome.signals.emplace_back(op, pagesim::SignalInfo{SIGKILL, SI_KERNEL, {}, 0, 0});
}

/// Throws when the child did not come to its end by itself.
void check_end(const ChildEnd& end, const script::Program& program, const child::Header& header) {
  const std::uint64_t at = header.next.load();
  if (header.stage.load() == child::Stage::Refused) {
    if (header.refused_op < program.ops.size())
      throw Unsupported{program, program.ops[header.refused_op], header.refusal};
    throw std::runtime_error{header.refusal};
  }
  if (end.timed_out)
    throw std::runtime_error{line_of(program, at) + ": the time limit passed before it was done"};
  if (header.stage.load() != child::Stage::Ready)
    throw std::runtime_error{"the measured process did not start: " +
                             (end.error.empty() ? "no reason was given" : end.error)};
  if (WIFSIGNALED(end.status) && at < program.ops.size())
    throw std::runtime_error{fmt::format("{}: the measured process died of signal {} ({})",
                                         line_of(program, at), WTERMSIG(end.status),
                                         strsignal(WTERMSIG(end.status)))};
}

void tell_missing(RunOutcome& outcome, const child::Header& header,
                  const measure::Tracepoints& tracepoints) {
  std::vector<std::string>& missing = outcome.missing;
  if (header.with_faults == 0) return;
  if (header.perf_error != 0) {
    missing.push_back(
        fmt::format("the addresses of faults are not known: perf_event_open says \"{}\" "
                    "(kernel.perf_event_paranoid at most 2 allows it)",
                    strerror(header.perf_error)));
    return;
  }
  if (header.kernel_mode == 0)
    missing.emplace_back(
        "faults inside system calls have no address: kernel.perf_event_paranoid at most 1 or "
        "CAP_PERFMON allows them");
  if (!tracepoints.missing.empty())
    missing.push_back(tracepoints.missing);
  else if (header.error_codes == 0)
    missing.emplace_back("the error codes of faults are not known: the tracepoints need root");
  if (header.lost.load() != 0)
    missing.push_back(
        fmt::format("{} fault events were lost: the perf ring was full", header.lost.load()));
  if (header.with_causes != 0 && header.zero_frame == 0)
    missing.emplace_back(
        "some causes are not known: frame numbers in /proc/self/pagemap need CAP_SYS_ADMIN");
}

void add_totals(RunOutcome& outcome, SharedImage& image) {
  const child::Header& header = image.header();
  std::int64_t peak = 0;
  for (const child::TaskSlot& task : image.tasks()) {
    outcome.total.minor += task.minor;
    outcome.total.major += task.major;
    peak = std::max(peak, task.peak_resident - image.tasks()[0].resident_at_start);
  }
  outcome.total.exceptions = outcome.faults.size();
  outcome.peak_rss = static_cast<std::uint64_t>(peak);
  if (header.ended_ns != 0)
    outcome.seconds = static_cast<double>(header.ended_ns - header.started_ns) / 1e9;
  outcome.has_addresses = header.with_faults != 0 && header.perf_error == 0;
  outcome.has_kernel_events = header.kernel_mode != 0;
  outcome.has_causes = outcome.has_addresses && header.with_causes != 0 && header.zero_frame != 0;
  outcome.heap_base = header.heap_base;
  outcome.stack_base = header.stack_base;
  outcome.text_base = header.text_base;
  outcome.globals_base = header.globals_base;
}

/// Waits beside the run until all operations have run.
std::jthread watch_for_end(SharedImage& image, std::size_t ops,
                           const std::function<void(int)>& at_end) {
  if (!at_end) return {};
  return std::jthread{[&image, ops, &at_end](const std::stop_token& run_is_over) {
    std::atomic<std::uint64_t>& next = image.header().next;
    while (next.load() < ops) {
      if (run_is_over.stop_requested()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    at_end(image.tasks()[0].pid.load());
    next.store(ops + 1);
  }};
}

ChildEnd run_watched(const ChildCommand& command, const KernelOptions& options, SharedImage& image,
                     std::size_t ops) {
  const std::jthread watch = watch_for_end(image, ops, options.at_end);
  return run_child(command, options.time_limit);
}

/// The last line written before an abort is the C library's or the allocator's verdict.
void add_abort(RunOutcome& outcome, const std::string& error) {
  const bool aborted = std::any_of(outcome.signals.begin(), outcome.signals.end(),
                                   [](const auto& s) { return s.second.number == SIGABRT; });
  if (!aborted || error.empty()) return;
  std::string text = error.substr(0, error.find_last_not_of('\n') + 1);
  outcome.abort_message = text.substr(text.find_last_of('\n') + 1);
}

}  // namespace

KernelRunner::KernelRunner(KernelOptions options) : options_{std::move(options)} {}

RunOutcome KernelRunner::run(const script::Program& program, const RunOptions& options) {
  check(program, options_);
  const auto probes = all_probes(program, options);
  std::optional<MemoryGroup> group;
  if (needs_group(program)) group.emplace();
  const KernelSettings settings{program, group ? group->limit_file() : std::string{}};
  SharedImage image{program, shared_probes(probes, options.cache_probes), settings.to_write()};
  child::Header& header = image.header();
  ask(header, program, options, options_);
  const measure::Tracepoints tracepoints = measure::find_tracepoints();
  measure::keep_in_use(tracepoints);
  ask_perf(header, tracepoints);
  ChildCommand command;
  command.preload = serve(header, program, options_.allocator);
  command.program = find_child_program();
  command.environment = options_.environment;
  command.shared_fd = image.fd();
  command.allow_huge_pages = header.with_huge != 0;
  const std::vector<OwnedFd> files = make_temp_files(program);
  for (std::size_t i = 0; i < files.size(); ++i) {
    image.files()[i] = files[i].get();
    if (files[i].is_open()) command.kept_fds.push_back(files[i].get());
  }
  if (group) enter(header, *group);
  header.log_fd = image.log_fd();
  command.kept_fds.push_back(image.log_fd());
  const ChildEnd end = run_watched(command, options_, image, program.ops.size());
  const bool killed = is_oom_kill(end, group);
  if (!killed) check_end(end, program, header);
  RunOutcome outcome = read_outcome(program, image, options.cache_probes.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    outcome.pages[i].op = probes[i].op;
    outcome.pages[i].process = probes[i].process;
  }
  if (killed) add_oom_kill(outcome, header.next.load());
  tell_missing(outcome, header, tracepoints);
  add_totals(outcome, image);
  add_abort(outcome, end.error);
  return outcome;
}

}  // namespace tools::run
