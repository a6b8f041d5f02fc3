// fault: from a page-fault exception to a mapped page or a signal.
#pragma once

#include <cstdint>

#include "pagesim/address.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/ledger.h"

namespace pagesim::kernel {

/// Fallback: no huge page was to be had, the fault goes on with a small one.
enum class [[nodiscard]] FaultResult : std::uint8_t{Minor, Major, Fallback, Oom, Sigsegv, Sigbus};

[[nodiscard]] constexpr bool is_error(FaultResult result) noexcept {
  return result >= FaultResult::Oom;
}

/// What the exception, or get_user_pages in its place, tells.
struct FaultRequest {
  VirtAddr address;  ///< the byte
  Access access = Access::Read;
  Mode mode = Mode::User;
  std::uint32_t syndrome = 0;  ///< x86: the error code, arm64: ESR_EL1
  AccessTag tag{};
  bool unshare = false;         ///< a pinned read wants a page of its own, without write permission
  bool starts_over = false;     ///< after a wait for the disk: as if it had not been waited for
  bool waits_in_place = false;  ///< for a page being read, without FAULT_FLAG_ALLOW_RETRY
};

/// One fault on its way through the handler; lives while it is handled.
struct VmFault {
  Mm& mm;
  Vma& vma;
  const Current& current;
  const FaultRequest& request;
  bool grew = false;     ///< the stack was extended for it
  Entry* pte = nullptr;  ///< null: the table does not exist
  Decisions decisions{};

  [[nodiscard]] bool is_write() const noexcept { return request.access == Access::Write; }
  [[nodiscard]] bool wants_write() const noexcept { return is_write() || request.unshare; }
  [[nodiscard]] VirtAddr page_start() const noexcept {
    return request.address.align_down(mm.page_size());
  }
  /// The fault is repaired: counts it and files it. Returns `result`.
  FaultResult complete(Cause cause, FaultResult result = FaultResult::Minor) {
    const bool major = result == FaultResult::Major;
    if (grew) cause = Cause::StackGrowth;
    ++(major ? current.counters->major : current.counters->minor);
    if (request.mode != Mode::Gup) ++current.counters->exceptions;
    mm.kernel.ledger.file(cause, [&] { return record(cause, major); });
    return result;
  }

 private:
  [[nodiscard]] FaultRecord record(Cause cause, bool major) const;
};

/// do_user_addr_fault (spec/linux-faults section 3): finds the area, grows a stack, checks the
/// access, has the fault handled. Files one record, except for addresses outside user space. With
/// Sigsegv and Sigbus, `current` has been sent the signal.
FaultResult do_user_addr_fault(Mm& mm, const Current& current, const FaultRequest& request);

/// The faults of first writes to up to `pages` pages one after the other, the request's the first:
/// what do_user_addr_fault would do for each of them, in one go. It ends where a page is of any
/// other kind. Returns how many it handled; 0: none, as is always allowed.
[[nodiscard]] std::size_t do_first_writes(Mm& mm, const Current& current, FaultRequest request,
                                          std::size_t pages);

/// A growing area that starts above an address reaches down to its page, if its limits and the gap
/// to others allow it.
[[nodiscard]] bool expand_stack(Mm& mm, Vma& vma, VirtAddr at);

/// Section 4: repairs a fault in an area that allows the access. Allocates tables on the way.
FaultResult handle_mm_fault(VmFault& vmf);

// One decision each; sections 5 to 8.
FaultResult do_anonymous_page(VmFault& vmf);
FaultResult do_wp_page(VmFault& vmf);
FaultResult wp_page_shared(VmFault& vmf);
FaultResult do_fault(VmFault& vmf);
FaultResult do_swap_page(VmFault& vmf);
/// A private copy takes the place of a present page; nothing is counted. False without a frame.
[[nodiscard]] bool wp_page_copy(VmFault& vmf);

}  // namespace pagesim::kernel
