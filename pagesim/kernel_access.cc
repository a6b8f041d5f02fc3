// Task: what the kernel does to user memory on a task's behalf.
#include <algorithm>
#include <cerrno>

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/version.h"
#include "pagesim/machine.h"
#include "pagesim/process.h"
#include "pagesim/task.h"

namespace pagesim {

template <class Use>
SysResult<std::size_t> Task::kernel_copy(VirtAddr at, std::size_t n, Access access, Other other,
                                         AccessTag tag, Use&& use) {
  const VirtAddr limit = mm().limits.task_size;
  if (n > limit.raw() || at > limit - n) return Unexpected{EFAULT};
  for (std::size_t done = 0; done < n;) {
    const VirtAddr byte = at + done;
    const auto translated = mmu_->translate(byte, access, hardware::Privilege::Supervisor);
    if (translated.ok()) {
      const std::size_t part = std::min(n - done, rest_of_page(byte));
      use(translated.address(), done, part);
      done += part;
      continue;
    }
    const kernel::FaultRequest request{byte, access, Mode::Kernel, translated.fault().syndrome(),
                                       tag};
    const auto result = kernel::do_user_addr_fault(mm(), current_, request);
    if (result == kernel::FaultResult::Oom) throw OutOfMemoryKill{};
    if (!is_error(result)) continue;
    if (done == 0) return Unexpected{EFAULT};
    if (other == Other::Pages && (done & offset_mask_) != 0)
      (void)kernel::do_user_addr_fault(mm(), current_, request);
    return done;
  }
  return n;
}

SysResult<std::size_t> Task::copy_to_user(VirtAddr at, std::size_t n, AccessTag tag) {
  return kernel_copy(at, n, Access::Write, Other::Stretch, tag,
                     [&](PhysAddr to, std::size_t, std::size_t part) { memory_->zero(to, part); });
}

SysResult<std::size_t> Task::copy_from_user(VirtAddr at, std::size_t n, AccessTag tag) {
  return kernel_copy(at, n, Access::Read, Other::Pages, tag,
                     [](PhysAddr, std::size_t, std::size_t) {});
}

PhysAddr Task::file_byte(kernel::File& file, std::uint64_t offset) const {
  const unsigned shift = mm().page_shift();
  const kernel::CachedPage* page = file.add_page(offset >> shift);
  if (page == nullptr) throw OutOfMemoryKill{};
  const std::uint64_t frame = static_cast<std::uint32_t>(page->frame);
  return PhysAddr{(frame << shift) | (offset & offset_mask_)};
}

template <class Copy>
void Task::for_each_file_page(std::uint64_t offset, std::size_t n, Copy&& copy) const {
  for (std::size_t done = 0; done < n;) {
    const std::size_t left = offset_mask_ + 1 - ((offset + done) & offset_mask_);
    const std::size_t part = std::min(n - done, left);
    copy(offset + done, done, part);
    done += part;
  }
}

namespace {

/// read(2) makes no page of shared memory: where none is it reads zeros.
bool is_hole_of_shmem(kernel::File& file, std::uint64_t index) {
  return file.is_shmem() && file.find_page(index) == nullptr && !file.is_swapped(index);
}

}  // namespace

SysResult<std::size_t> Task::read(kernel::File& file, std::uint64_t offset, VirtAddr to,
                                  std::size_t n, AccessTag tag) {
  if (offset >= file.bytes()) return std::size_t{0};
  n = std::min<std::size_t>(n, file.bytes() - offset);
  return kernel_copy(to, n, Access::Write, Other::Pages, tag,
                     [&](PhysAddr at, std::size_t done, std::size_t k) {
                       for_each_file_page(offset + done, k,
                                          [&](std::uint64_t from, std::size_t i, std::size_t part) {
                                            const PhysAddr target{at.raw() + i};
                                            if (is_hole_of_shmem(file, from >> mm().page_shift()))
                                              memory_->zero(target, part);
                                            else
                                              memory_->copy(target, file_byte(file, from), part);
                                          });
                     });
}

/// Nothing for a page that write(2) has yet to append: before its bytes are there nobody sees it.
void Task::begin_write(kernel::File& file, std::uint64_t offset, std::size_t n) const {
  const std::uint64_t last = std::min(file.page_of(offset + n - 1) + 1, file.size_in_pages());
  for (std::uint64_t index = file.page_of(offset); index < last; ++index)
    if (file.add_page(index) == nullptr) throw OutOfMemoryKill{};
}

std::size_t Task::copy_present(kernel::File& file, std::uint64_t offset, VirtAddr from,
                               std::size_t n) {
  std::size_t done = 0;
  while (done < n) {
    const auto translated =
        mmu_->translate(from + done, Access::Read, hardware::Privilege::Supervisor);
    if (!translated.ok()) break;
    const std::size_t part = std::min(n - done, rest_of_page(from + done));
    file.set_bytes(std::max(file.bytes(), offset + done + part));
    for_each_file_page(offset + done, part, [&](std::uint64_t byte, std::size_t i, std::size_t k) {
      const PhysAddr to = file_byte(file, byte);
      memory_->copy(to, PhysAddr{translated.address().raw() + i}, k);
      const auto frame = static_cast<std::uint32_t>(to.raw() >> mm().page_shift());
      memory_->record(hardware::FrameNumber{frame}).set(hardware::frame_flag::Dirty);
    });
    done += part;
  }
  return done;
}

/// Address 0 it does not even try.
std::size_t Task::fault_in_readable(VirtAddr at, std::size_t n, AccessTag tag) {
  if (at.is_null()) return 0;
  const auto had = kernel_copy(at, n, Access::Read, Other::Stretch, tag,
                               [](PhysAddr, std::size_t, std::size_t) {});
  return had ? *had : 0;
}

/// Piece by piece, each within a page of the file, which is in memory before the bytes are looked
/// at. A piece of which no byte could be had without a fault is faulted in and tried again.
SysResult<std::size_t> Task::write(kernel::File& file, std::uint64_t offset, VirtAddr from,
                                   std::size_t n, AccessTag tag) {
  const VirtAddr limit = mm().limits.task_size;
  if (n > limit.raw() || from > limit - n) return Unexpected{EFAULT};
  for (std::size_t done = 0; done < n;) {
    const std::uint64_t to = offset + done;
    const std::size_t piece =
        std::min<std::size_t>(n - done, offset_mask_ + 1 - (to & offset_mask_));
    begin_write(file, to, piece);
    const std::size_t copied = copy_present(file, to, from + done, piece);
    done += copied;
    if (copied != 0 || fault_in_readable(from + done, piece, tag) != 0) continue;
    if (done == 0) return Unexpected{EFAULT};
    return done;
  }
  return n;
}

SysResult<std::size_t> Task::gup_touch(VirtAddr at, std::size_t n, Access access, AccessTag tag) {
  return remote_touch(*this, at, n, access, tag);
}

SysResult<std::size_t> Task::get_pages_of(Task& target, const kernel::GupRequest& request) {
  const VirtAddr limit = target.mm().limits.task_size;
  if (request.start > limit || request.end > limit || request.end < request.start)
    return Unexpected{EFAULT};
  const bool mine = mm().kernel.profile.gup_counts_current;
  const kernel::Current& charged = mine ? current_ : target.current_;
  const auto done = kernel::get_user_pages(target.mm(), charged, request);
  if (done && request.access == Access::Write) target.mark_present(request.start, *done);
  return done;
}

SysResult<std::size_t> Task::remote_touch(Task& target, VirtAddr at, std::size_t n, Access access,
                                          AccessTag tag) {
  const bool is_process_vm = &target != this;
  if (is_process_vm && mm().kernel.profile.version < kernel::kProcessVm) return Unexpected{ENOSYS};
  return get_pages_of(target, {at, at + n, access, true, tag, false});
}

SysResult<std::size_t> Task::mem_write(Task& target, VirtAddr at, std::size_t n, AccessTag tag) {
  constexpr std::uint64_t kLargestOffset = ~std::uint64_t{0} >> 1;  // off_t has a sign
  if (at.raw() > kLargestOffset) return Unexpected{EINVAL};
  kernel::GupRequest request{at, at + n, Access::Write};
  request.tag = tag;
  request.force = true;
  request.grows = true;
  request.waits_in_place = true;
  const auto done = get_pages_of(target, request);
  return done ? done : SysResult<std::size_t>{Unexpected{EIO}};
}

void Task::mark_present(VirtAddr at, std::size_t n) {
  for (std::size_t done = 0; done < n;) {
    const std::size_t part = std::min(n - done, rest_of_page(at + done));
    if (const auto frame = frame_of(at + done)) {
      memory_->mark(PhysAddr{(*frame * (offset_mask_ + 1)) | ((at + done).raw() & offset_mask_)},
                    part);
      hardware::FrameRecord& page =
          memory_->record(hardware::FrameNumber{static_cast<std::uint32_t>(*frame)});
      if (page.has(hardware::frame_flag::Anon)) page.set(hardware::frame_flag::Dirty);
    }
    done += part;
  }
}

Counters Task::vfork_store(VirtAddr at, AccessTag tag) {
  Counters child;
  const Counters mine = counters_;
  try {
    touch(at, 1, Access::Write, tag);
  } catch (const SignalRaised&) {  // it was the child's, and has ended it
  }
  child.minor = counters_.minor - mine.minor;
  child.major = counters_.major - mine.major;
  child.exceptions = counters_.exceptions - mine.exceptions;
  counters_ = mine;
  return child;
}

}  // namespace pagesim
