// Replaying a trace on Malloc over the simulated machine.
#include "tests/truth/malloc_replay.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "allocator/check.h"
#include "allocator/malloc.h"
#include "pagesim/machine.h"
#include "pagesim/sim_memory.h"
#include "tests/truth/malloc_checker.h"

namespace truth {
namespace {

using pagesim::SyscallEntry;
using pagesim::Task;
using pagesim::VirtAddr;
using Kind = SystemCall::Kind;

constexpr std::uint64_t kPage = 4096;
/// What making a thread allocates in the main one: the thread's table of thread-local blocks.
constexpr std::size_t kThreadTableBytes = 272;

RawCall raw_of(const SyscallEntry& entry) {
  const auto& arguments = entry.arguments;
  const auto call = [&arguments](Kind kind, std::size_t count) {
    RawCall raw{.kind = kind, .at = arguments[0], .arguments = {}, .error = 0, .result = 0};
    for (std::size_t i = 0; i < count; ++i) raw.arguments[i] = arguments[i + 1];
    return raw;
  };
  switch (entry.call) {
    case pagesim::Syscall::Brk:
      return call(Kind::Brk, 0);
    case pagesim::Syscall::Mmap:
      return call(Kind::Mmap, 3);
    case pagesim::Syscall::Munmap:
      return call(Kind::Munmap, 1);
    case pagesim::Syscall::Mremap:
      return call(Kind::Mremap, 2);
    case pagesim::Syscall::Mprotect:
      return call(Kind::Mprotect, 2);
    case pagesim::Syscall::Madvise:
      return call(Kind::Madvise, 2);
    default:
      throw std::logic_error{"malloc makes no " + std::string(to_string(entry.call))};
  }
}

class Replay;

/// The simulated memory with mappings placed where the trace had them, and huge pages on request.
class ReplayMemory : public pagesim::SimMemory {
 public:
  using SimMemory::SimMemory;
  [[nodiscard]] VirtAddr mmap(VirtAddr hint, std::size_t n, int prot, int flags) const;
  [[nodiscard]] static std::size_t thp_size() noexcept { return 2 << 20; }
};
using Ours = allocator::Malloc<ReplayMemory>;

class Replay final : public pagesim::SyscallFilter {
 public:
  explicit Replay(const Trace& trace)
      : trace_{&trace},
        machine_{},
        task_{&machine_.boot(layout_of(trace))},
        checker_{trace, trace.base, Checker::Ends::Exact},
        break_{trace.base},
        slots_(trace.slots) {
    machine_.set_syscall_filter(this);
    if (trace.thread) make_thread();
  }

  void run(std::uint32_t check_every);

  // SyscallFilter.
  int enter(const SyscallEntry& entry) override;
  void leave(const SyscallEntry& entry, std::uint64_t result, int error) override;

  /// Where the mapping about to be made must lie; null: anywhere.
  VirtAddr place(std::size_t n);

 private:
  static pagesim::Layout layout_of(const Trace& trace) {
    pagesim::Layout layout;
    layout.heap = VirtAddr{trace.base};
    for (const auto& [name, value] : trace.environment) {
      layout.environment.push_back(name + "=" + value);  // NOLINT: once or twice a trace
    }
    return layout;
  }
  [[nodiscard]] ReplayMemory memory() const { return ReplayMemory{*task_}; }
  [[nodiscard]] Ours ours() const { return Ours{memory()}; }

  void make_thread();
  std::uint64_t free_address(std::size_t n, std::uint64_t alignment, std::uint64_t residue);
  void run_all(std::uint32_t check_every);
  RawResult perform(const Op& op);
  RawResult allocate(const Op& op);
  [[nodiscard]] VirtAddr call(const Op& op, VirtAddr old) const;
  [[nodiscard]] RawResult usage(Verb verb) const;
  void block_break(std::uint64_t distance) const;
  void check_resident() const;

  const Trace* trace_;
  pagesim::Machine machine_;
  Task* task_;  ///< the thread that runs the operations
  Checker checker_;
  std::uint64_t break_;
  std::uint64_t placed_ = 0;  ///< address chosen for the mmap under way, which asked for none
  bool watching_ = false;     ///< inside an operation
  std::vector<VirtAddr> slots_;
};

VirtAddr ReplayMemory::mmap(VirtAddr hint, std::size_t n, int prot, int flags) const {
  auto* const replay = static_cast<Replay*>(task().machine().syscall_filter());
  const bool anywhere = hint.is_null() && replay != nullptr;
  return SimMemory::mmap(anywhere ? replay->place(n) : hint, n, prot, flags);
}
static_assert(allocator::MemoryBackend<ReplayMemory>);

void Replay::make_thread() {
  const VirtAddr table = ours().calloc(1, kThreadTableBytes);
  if (table.is_null()) throw std::logic_error{"no memory to begin with"};
  task_ = &machine_.clone_thread(*task_);
}

int Replay::enter(const SyscallEntry& entry) {
  if (!watching_) return 0;
  RawCall call = raw_of(entry);
  if (call.kind == Kind::Mmap && call.at == placed_) call.at = 0;
  const SystemCall& expected = checker_.expect(call);
  return expected.succeeded() ? 0 : expected.error != 0 ? expected.error : ENOMEM;
}

void Replay::leave(const SyscallEntry& entry, std::uint64_t result, int error) {
  const bool is_brk = entry.call == pagesim::Syscall::Brk;
  if (is_brk && error == 0) break_ = result;
  if (!watching_) return;
  RawCall call = raw_of(entry);
  if (call.kind == Kind::Mmap && call.at == placed_) call.at = 0;
  placed_ = 0;
  call.error = is_brk ? 0 : error;
  call.result = is_brk ? break_ : result;
  checker_.made(call);
}

VirtAddr Replay::place(std::size_t n) {
  if (!watching_) return {};
  const auto [address, alignment, residue] = checker_.placement();
  placed_ = address;
  if (address == 0 && alignment > kPage) placed_ = free_address(n, alignment, residue);
  return VirtAddr{placed_};
}

/// Of n free bytes; 0: nowhere.
std::uint64_t Replay::free_address(std::size_t n, std::uint64_t alignment, std::uint64_t residue) {
  if (n + alignment < n) return 0;
  watching_ = false;
  const auto room = task_->mmap({}, n + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
  if (room) (void)task_->munmap(*room, n + alignment);
  watching_ = true;
  return room ? room->raw() + ((residue - room->raw()) & (alignment - 1)) : 0;
}

VirtAddr Replay::call(const Op& op, VirtAddr old) const {
  switch (op.verb) {
    case Verb::Malloc:
      return ours().malloc(op.n);
    case Verb::Calloc:
      return ours().calloc(op.n, op.m);
    case Verb::Realloc:
      return ours().realloc(old, op.n);
    case Verb::Memalign:
      return ours().memalign(op.m, op.n);
    case Verb::AlignedAlloc:
      return ours().aligned_alloc(op.m, op.n);
    case Verb::Valloc:
      return ours().valloc(op.n);
    default:
      return ours().pvalloc(op.n);
  }
}

RawResult Replay::allocate(const Op& op) {
  VirtAddr& slot = slots_.at(op.slot);
  RawResult result;
  VirtAddr p;
  if (op.verb == Verb::PosixMemalign) {
    result.error = ours().posix_memalign(p, op.m, op.n);
  } else {
    p = call(op, slot);
    result.error = task_->error();
  }
  result.pointer = p.raw();
  result.usable = ours().malloc_usable_size(p);
  const bool kept = op.verb == Verb::Realloc && p.is_null() && op.n > 0;
  if (!kept) slot = p;
  return result;
}

RawResult Replay::usage(Verb verb) const {
  const allocator::Mallinfo2 info = ours().mallinfo2();
  RawResult result;
  if (verb == Verb::Info) {
    result.info = {info.uordblks, info.fordblks, info.ordblks, info.smblks, info.arena};
  } else {
    result.info = {info.hblks, info.hblkhd, info.fsmblks, info.keepcost, 0};
  }
  return result;
}

void Replay::block_break(std::uint64_t distance) const {
  const VirtAddr edge = VirtAddr{break_}.align_up(kPage);
  (void)task_->mmap(edge + distance, kPage, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE);
}

RawResult Replay::perform(const Op& op) {
  RawResult result;
  switch (op.verb) {
    case Verb::Free:
      ours().free(slots_.at(op.slot));
      slots_[op.slot] = {};
      return result;
    case Verb::Trim:
      result.value = ours().malloc_trim(op.n);
      return result;
    case Verb::Mallopt:
      result.value = ours().mallopt(static_cast<int>(op.n), static_cast<int>(op.m));
      return result;
    case Verb::Sbrk: {
      const VirtAddr old = memory().sbrk(static_cast<std::ptrdiff_t>(op.n));
      result.value = old.is_null() ? -1 : static_cast<std::int64_t>(old.raw());
      return result;
    }
    case Verb::Block:
      block_break(op.n);
      return result;
    case Verb::Limit:  // the trace tells what these made the kernel refuse
    case Verb::Refuse:
      return result;
    case Verb::Info:
    case Verb::MappedInfo:
      return usage(op.verb);
    default:
      return allocate(op);
  }
}

void Replay::run_all(std::uint32_t check_every) {
  for (std::size_t i = 0; i < trace_->steps.size(); ++i) {
    checker_.begin(i);
    task_->set_error(0);
    watching_ = true;
    const RawResult result = perform(trace_->steps[i].op);
    watching_ = false;
    checker_.finish(result);
    if (check_every == 0 || i % check_every != 0) continue;
    const allocator::HeapCheck heap = allocator::check_heap(memory());
    if (!heap) {
      checker_.died(std::string("heap: ") + heap.broken + " at " +
                    to_string(checker_.book().name(heap.at.raw())));
    }
  }
}

void Replay::run(std::uint32_t check_every) {
  try {
    run_all(check_every);
  } catch (const pagesim::ProgramAborted& abort) {
    return checker_.died(abort.what());
  } catch (const pagesim::SignalRaised& signal) {
    return checker_.died("signal " + std::to_string(signal.info.number) + " at " +
                         to_string(checker_.book().name(signal.info.address.raw())));
  }
  if (trace_->resident) check_resident();
}

void Replay::check_resident() const {
  PageRuns runs;
  for (VirtAddr at{trace_->base}; at.raw() < break_; at += kPage) {
    if (task_->page_state(at) == pagesim::PageState::Absent) continue;
    const std::uint64_t page = (at.raw() - trace_->base) / kPage;
    if (!runs.empty() && runs.back().second == page) {
      ++runs.back().second;
    } else {
      runs.emplace_back(page, page + 1);
    }
  }
  if (runs != *trace_->resident) {
    throw Mismatch{trace_->steps.size(), trace_->name + ": the resident pages differ: expected " +
                                             to_string(*trace_->resident) + ", got " +
                                             to_string(runs)};
  }
}

}  // namespace

void replay(const Trace& trace, std::uint32_t check_every) { Replay{trace}.run(check_every); }

}  // namespace truth
