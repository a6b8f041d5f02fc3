// Areas from perf and the system calls, pages from the faults.
#include "tools/compare/simulated_space.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "pagesim/hardware/arch/x86.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/fault_around.h"
#include "pagesim/kernel/fork.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/zap.h"
#include "pagesim/process.h"
#include "pagesim/task.h"

namespace tools::compare {
namespace {

using pagesim::Access;
using pagesim::Cause;
using pagesim::Mode;
using pagesim::VirtAddr;
using pagesim::kernel::Mm;
using pagesim::kernel::Vma;

constexpr std::uint64_t kTaskSize = 0x7fff'ffff'f000;

VirtAddr page_of(std::uint64_t address) { return VirtAddr{address & ~(kPage - 1)}; }

/// A stretch of a range: an area's part, or a hole.
struct Part {
  VirtAddr start, end;
  std::optional<Vma> area;
};

std::vector<Part> parts_of(const Mm& mm, VirtAddr start, VirtAddr end) {
  std::vector<Part> parts;
  const auto& areas = mm.areas();
  auto next = areas.upper_bound(start);
  while (start < end) {
    const bool inside = next != areas.end() && next->start <= start;
    const VirtAddr limit = next == areas.end() ? end : inside ? next->end : next->start;
    const VirtAddr stop = std::min(end, limit);
    parts.push_back({start, stop, inside ? std::optional{*next} : std::nullopt});
    if (inside) ++next;
    start = stop;
  }
  return parts;
}

/// Whether a part of an area can be a part of what the kernel tells of.
bool is_same(const Part& part, const StreamMap& map, const SimulatedFile* file) {
  if (!part.area || part.area->is_shared() != ((map.flags & MAP_TYPE) == MAP_SHARED)) return false;
  if (file == nullptr) return part.area->is_anonymous();
  const std::uint64_t offset = map.offset + (part.start.raw() - map.start);
  const std::uint64_t mapped = part.area->pgoff * kPage + (part.start - part.area->start);
  return part.area->file == file->file && mapped == offset;
}

std::uint64_t taken(const pagesim::Task& task) {
  return task.counters().minor + task.counters().major;
}

std::uint32_t error_code(bool present, Access access) {
  namespace x86 = pagesim::hardware::x86;
  return (present ? x86::kErrorProtection : 0u) |
         (access == Access::Write ? x86::kErrorWrite : 0u) | x86::kErrorUser |
         (access == Access::Execute ? x86::kErrorFetch : 0u);
}

}  // namespace

SimulatedSpace::SimulatedSpace(pagesim::Machine& machine, SimulatedFiles& files,
                               pagesim::Task& task)
    : machine_{&machine}, files_{&files}, task_{&task} {
  static_cast<void>(task.munmap(VirtAddr{}, kTaskSize));
}

SimulatedSpace SimulatedSpace::fork(std::uint64_t child_tid) {
  SimulatedSpace child = *this;
  child.task_ = &machine_->fork(*task_);
  child.recent_ = {};
  // The kernel writes the child's number before the child runs.
  if (child_tid != 0)
    static_cast<void>(child.handle(VirtAddr{child_tid}, Access::Write, Mode::Kernel));
  return child;
}

void SimulatedSpace::exit() { machine_->exit(*task_); }

Mm& SimulatedSpace::mm() const { return task_->process().mm(); }

bool SimulatedSpace::is_mapped(VirtAddr at) const {
  const auto lowest = mm().tables.lowest(at);
  return pagesim::kernel::Ptes{mm()}.mapped(*lowest.entry) &&
         !(lowest.level > 0 && mm().tables.is_table(*lowest.entry));
}

bool SimulatedSpace::is_writable(VirtAddr at) const {
  return is_mapped(at) && pagesim::kernel::Ptes{mm()}.writable(*mm().tables.lowest(at).entry);
}

std::uint64_t SimulatedSpace::map(const StreamMap& map, bool populate) {
  if (map.start >= kTaskSize) return 0;
  const std::uint64_t before = taken(*task_);
  const SimulatedFile* const file = files_->find(map);
  const int prot = static_cast<int>(map.protection);
  const bool stack = map.file == "[stack]";
  int flags = MAP_FIXED | static_cast<int>(map.flags & (MAP_TYPE | MAP_LOCKED | MAP_HUGETLB));
  if ((flags & MAP_TYPE) == 0) flags |= MAP_PRIVATE;
  flags |= (file == nullptr ? MAP_ANONYMOUS : 0) | (stack ? MAP_GROWSDOWN : 0) |
           (populate ? MAP_POPULATE : 0);
  const VirtAddr start{map.start};
  for (const Part& part : parts_of(mm(), start, start + map.length)) {
    if (!is_same(part, map, file)) {
      static_cast<void>(task_->mmap(part.start, part.end - part.start, prot, flags,
                                    file == nullptr ? nullptr : file->file,
                                    file == nullptr ? 0 : map.offset + (part.start - start)));
    } else if (part.area->prot != prot) {
      static_cast<void>(task_->mprotect(part.start, part.end - part.start, prot));
    }
  }
  if (map.file == "[heap]") heap_ = {start, start + map.length};
  return taken(*task_) - before;
}

/// Growth is told by the map that follows; the break goes down unheard.
void SimulatedSpace::set_break(VirtAddr end) {
  end = end.align_up(kPage);
  if (end < heap_.first || end >= heap_.second) return;
  static_cast<void>(task_->munmap(end, heap_.second - end));
  heap_.second = end;
}

void SimulatedSpace::resize(const StreamCall& call) {
  if (!call.result) return;
  const auto& a = call.arguments;
  const int given = static_cast<int>(a[3]);
  const int flags = *call.result == a[0] ? 0 : given | MREMAP_MAYMOVE | MREMAP_FIXED;
  static_cast<void>(task_->mremap(VirtAddr{a[0]}, a[1], a[2], flags, VirtAddr{*call.result}));
}

std::uint64_t SimulatedSpace::call(const StreamCall& call) {
  const std::uint64_t before = taken(*task_);
  change(call);
  return taken(*task_) - before;
}

void SimulatedSpace::change(const StreamCall& call) {
  const VirtAddr at{call.arguments[0]};
  const std::uint64_t length = call.arguments[1];
  const int number = static_cast<int>(call.arguments[2]);
  switch (call.number) {
    case SYS_munmap:
      return static_cast<void>(task_->munmap(at, length));
    case SYS_mmap:  // over anonymous memory: what takes its place is told by the map that follows
      if ((call.arguments[3] & MAP_FIXED) == 0) return;
      return static_cast<void>(task_->munmap(at, length));
    case SYS_madvise:
      return static_cast<void>(task_->madvise(at, length, number));
    case SYS_mlock:
      return static_cast<void>(task_->mlock(at, length));
    case SYS_mlock2:
      return static_cast<void>(task_->mlock2(at, length, number));
    case SYS_munlock:
      return static_cast<void>(task_->munlock(at, length));
    case SYS_mremap:
      return resize(call);
    case SYS_brk:
      return set_break(at);
    default:
      return;
  }
}

Cause SimulatedSpace::handle(VirtAddr at, Access access, Mode mode) {
  pagesim::Counters counters;
  pagesim::SignalInfo signal;
  const pagesim::kernel::Current current{&counters, &signal, task_->process_index(), 0};
  const pagesim::kernel::FaultRequest request{at, access, mode, error_code(is_mapped(at), access)};
  pagesim::Ledger& ledger = machine_->ledger();
  ledger.clear_records();
  const auto result = pagesim::kernel::do_user_addr_fault(mm(), current, request);
  if (ledger.records().empty()) return is_error(result) ? Cause::Invalid : Cause::Unknown;
  return ledger.records().back().cause;
}

/// execve leaves the arguments on the stack, from the stack pointer up.
void SimulatedSpace::enter_stack(const Fault& fault) {
  if (stack_known_) return;
  const VirtAddr top{fault.stack_pointer};
  const Vma* const area = mm().find_vma(top);
  if (area == nullptr || !area->contains(top) || !area->is_anonymous()) return;
  stack_known_ = true;
  const VirtAddr end = area->end;
  for (VirtAddr at = page_of(top.raw()); at < end; at += kPage) {
    static_cast<void>(handle(at, Access::Write, Mode::Kernel));
  }
}

/// What a fault shows of the page cache: all around it is taken to be there as well.
void SimulatedSpace::note_page_cache(const Fault& fault) {
  const VirtAddr at{fault.address};
  const Vma* const area = mm().find_vma(at);
  if (area == nullptr || !area->contains(at) || area->is_anonymous()) return;
  constexpr std::uint64_t kAround = 16;
  const std::uint64_t index = pagesim::kernel::linear_page_index(mm(), *area, at);
  const std::uint64_t last = area->pgoff + area->length() / kPage - 1;
  const std::uint64_t first = std::max(area->pgoff, index - std::min(index, kAround));
  files_->note(*area->file, index, fault.major, first, std::min(last, index + kAround));
}

bool SimulatedSpace::raced(const Fault& fault) const {
  const std::uint64_t page = fault.address / kPage;
  return std::any_of(recent_.begin(), recent_.end(), [&](const auto& other) {
    return other.second == page && other.first != 0 && other.first != fault.tid;
  });
}

/// A page the program had without a fault that we saw: the kernel's own, from a system call. Memory
/// that a fork made shareable: it was written before, and all who may have it have it; else what a
/// write faults on there is the zero page or the file's.
void SimulatedSpace::make_page(VirtAddr at, Access access, const Relatives& relatives) {
  const Vma* const area = mm().find_vma(at);
  if (area == nullptr || !area->contains(at)) return;
  const bool writes = access == Access::Write && !area->is_shared() && area->is_writable();
  const std::vector<SimulatedSpace*> sharers =
      writes ? relatives() : std::vector<SimulatedSpace*>{};
  const bool copied = !sharers.empty();
  static_cast<void>(handle(at, copied ? Access::Write : Access::Read, Mode::Kernel));
  if (!copied) return;
  pagesim::kernel::wrprotect_page(mm(), at);
  for (SimulatedSpace* const relative : sharers) {
    if (relative->task_ != task_) pagesim::kernel::dup_page(mm(), relative->mm(), at);
  }
}

/// Whether a page was there, as far as can be told: with no word of it, a fault that the simulated
/// page would not have had is of a page that was not.
std::optional<bool> SimulatedSpace::was_present(const Fault& fault, Access access) const {
  if (fault.present) return fault.present;
  const VirtAddr at{fault.address};
  const bool allowed = is_mapped(at) && (access != Access::Write || is_writable(at));
  return allowed ? std::optional{false} : std::nullopt;
}

/// Whether nothing had to be repaired that should have been right.
bool SimulatedSpace::repair(const Fault& fault, Access access, const Relatives& relatives) {
  const VirtAddr at{fault.address};
  const Vma* const area = mm().find_vma(at);
  const auto present = was_present(fault, access);
  if (!present || area == nullptr || !area->contains(at) || *present == is_mapped(at)) return true;
  const bool anonymous = area->is_anonymous();
  if (*present) {
    make_page(at, access, relatives);
  } else {
    const VirtAddr page = page_of(fault.address);
    pagesim::kernel::zap_range(mm(), page, page + kPage);
  }
  return !anonymous;
}

Explanation SimulatedSpace::fault(const Fault& fault, const Relatives& relatives) {
  const VirtAddr at{fault.address};
  if (at.raw() >= kTaskSize) return {Cause::Unknown, false};
  enter_stack(fault);
  note_page_cache(fault);
  std::optional<Access> access = fault.access;
  if (!access && fault.present.value_or(false)) access = Access::Write;
  const Access likely = access.value_or(Access::Write);
  const bool race = raced(fault);
  Explanation explanation;
  explanation.expected = race || repair(fault, likely, relatives);
  const Vma* const area = mm().find_vma(at);
  const bool absent_shmem = area != nullptr && area->contains(at) && !area->is_anonymous() &&
                            files_->pages_of(*area->file) == FilePages::Unknown && !is_mapped(at);
  explanation.cause = handle(at, likely, Mode::User);
  const bool impossible = explanation.cause == Cause::Invalid;
  const bool unexplained = impossible || (explanation.cause == Cause::Spurious && !race);
  if (unexplained) explanation.expected = false;
  if (unexplained || !access || (absent_shmem && explanation.cause == Cause::ShmemNew)) {
    explanation.cause = Cause::Unknown;
  }
  recent_[next_recent_++ % recent_.size()] = {fault.tid, fault.address / kPage};
  return explanation;
}

}  // namespace tools::compare
