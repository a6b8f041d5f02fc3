// Task: instructions, and the trap: the one place where hardware meets the kernel.
#include "pagesim/task.h"

#include <signal.h>

#include <algorithm>
#include <cstring>

#include "pagesim/hardware/arch/x86.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/machine.h"
#include "pagesim/process.h"

namespace pagesim {

namespace {

/// What the kernel could not repair.
[[noreturn, gnu::cold]] void leave(kernel::FaultResult result, const SignalInfo& signal) {
  if (result == kernel::FaultResult::Oom) throw OutOfMemoryKill{};
  throw SignalRaised{signal};
}

}  // namespace

Task::Task(Machine& machine, Process& process, std::uint32_t thread_index, VirtAddr thread_locals)
    : machine_{&machine},
      process_{&process},
      mmu_{&process.mmu()},
      memory_{&machine.memory()},
      offset_mask_{process.mm().page_size() - 1},
      thread_index_{thread_index},
      thread_locals_{thread_locals},
      current_{&counters_, &signal_, process.index(), thread_index} {}

std::uint32_t Task::process_index() const noexcept { return process_->index(); }
kernel::Mm& Task::mm() const noexcept { return process_->mm(); }

void Task::handle_exception(hardware::HardwareFault fault, VirtAddr at, Access access,
                            AccessTag tag) {
  if (fault.trap == hardware::x86::kTrapGeneralProtection) [[unlikely]]
    throw SignalRaised{{SIGSEGV, SI_KERNEL, VirtAddr{}, fault.trap, 0}};
  const kernel::FaultRequest request{at, access, Mode::User, fault.syndrome(), tag};
  const kernel::FaultResult result = kernel::do_user_addr_fault(mm(), current_, request);
  if (is_error(result)) [[unlikely]]
    leave(result, signal_);
}

[[gnu::flatten]] PhysAddr Task::trap(hardware::Translation translated, VirtAddr at, Access access,
                                     AccessTag tag) {
  for (;;) {
    if (!translated.is_decided()) translated = mmu_->translate_fully(at, access);
    if (translated.ok()) return translated.address();
    handle_exception(translated.fault(), at, access, tag);
    translated = mmu_->translate_quickly(at, access);
  }
}

template <class Use>
void Task::access_straddling(VirtAddr at, std::size_t n, Access access, AccessTag tag, Use&& use) {
  for (std::size_t done = 0; done < n;) {  // first pass: faults only, from scratch after each
    const hardware::Translation translated = mmu_->translate(at + done, access);
    if (translated.ok()) {
      done += rest_of_page(at + done);
    } else {
      handle_exception(translated.fault(), at + done, access, tag);
      done = 0;
    }
  }
  for (std::size_t done = 0; done < n;) {
    const std::size_t part = std::min(n - done, rest_of_page(at + done));
    use(resolve(at + done, access, tag), done, part);
    done += part;
  }
}

void Task::load_bytes(VirtAddr at, void* to, std::size_t n, AccessTag tag) {
  access_straddling(at, n, Access::Read, tag, [&](PhysAddr from, std::size_t done, std::size_t k) {
    memory_->read(from, static_cast<std::byte*>(to) + done, k);
  });
}

void Task::store_bytes(VirtAddr at, const void* from, std::size_t n, AccessTag tag) {
  access_straddling(at, n, Access::Write, tag, [&](PhysAddr to, std::size_t done, std::size_t k) {
    memory_->write(to, static_cast<const std::byte*>(from) + done, k);
  });
}

[[gnu::noinline]] void Task::touch_slowly(hardware::Translation translated, VirtAddr at,
                                          std::size_t n, Access access, AccessTag tag) {
  const PhysAddr physical = trap(translated, at, access, tag);
  if (access == Access::Write) memory_->mark(physical, n);
}

void Task::touch_pages(VirtAddr at, std::size_t pages, Access access, AccessTag tag) {
  const std::size_t page = offset_mask_ + 1;
  for (std::size_t i = 0; i < pages;) {
    if (access == Access::Write) {
      i += touch_fresh_pages(at + i * page, pages - i, tag);
    } else {
      touch(at + i * page, 1, access, tag);
      ++i;
    }
  }
}

[[gnu::flatten]] std::size_t Task::touch_fresh_pages(VirtAddr at, std::size_t pages,
                                                     AccessTag tag) {
  const hardware::Translation translated = mmu_->translate_quickly(at, Access::Write);
  std::size_t fresh = 0;
  if (translated.is_fault()) {
    const kernel::FaultRequest request{at, Access::Write, Mode::User, translated.fault().error_code,
                                       tag};
    fresh = kernel::do_first_writes(mm(), current_, request, pages);
  }
  if (fresh == 0) {
    touch_slowly(translated, at, 1, Access::Write, tag);
    return 1;
  }
  mmu_->count_misses(fresh - 1);  // the others have not been looked up yet, to no avail
  for (std::size_t i = 0; i < fresh; ++i, at += offset_mask_ + 1) {
    const hardware::Translation store = mmu_->walk_quickly(at, Access::Write);
    if (store.ok()) [[likely]]
      memory_->mark(store.address(), 1);
    else
      touch_slowly(store, at, 1, Access::Write, tag);
  }
  return fresh;
}

[[gnu::noinline]] void Task::touch_straddling(VirtAddr at, std::size_t n, Access access,
                                              AccessTag tag) {
  access_straddling(at, n, access, tag, [&](PhysAddr to, std::size_t, std::size_t part) {
    if (access == Access::Write) memory_->mark(to, part);
  });
}

void Task::touch_locked(VirtAddr at, std::size_t n, AccessTag tag) {
  access_straddling(at, n, Access::Write, tag, [](PhysAddr, std::size_t, std::size_t) {});
}

void Task::prefetch(VirtAddr at) { (void)mmu_->translate(at, Access::Read); }

void Task::copy(VirtAddr to, VirtAddr from, std::size_t n, AccessTag tag) {
  while (n != 0) {
    const PhysAddr source = resolve(from, Access::Read, tag);
    const hardware::Translation target = mmu_->translate(to, Access::Write);
    if (!target.ok()) {  // the source may have moved meanwhile: the chunk starts again
      handle_exception(target.fault(), to, Access::Write, tag);
      continue;
    }
    const std::size_t part = std::min({n, rest_of_page(from), rest_of_page(to)});
    memory_->copy(target.address(), source, part);
    to += part;
    from += part;
    n -= part;
  }
}

void Task::fill(VirtAddr to, std::uint8_t byte, std::size_t n, AccessTag tag) {
  while (n != 0) {
    const std::size_t part = std::min(n, rest_of_page(to));
    memory_->fill(resolve(to, Access::Write, tag), byte, part);
    to += part;
    n -= part;
  }
}

}  // namespace pagesim
