// gup: one counted fault for each page that lacks the access (spec/linux-faults sections 0, 11).
#include "pagesim/kernel/gup.h"

#include <sys/mman.h>

#include <algorithm>

#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

enum class Follow : std::uint8_t { Fine, Fault, Unshare };

/// follow_page: whether the entry of a page gives the access already.
Follow follow_page(Mm& mm, VirtAddr at, const GupRequest& request) {
  const Ptes ptes{mm};
  const Entry* entry = mm.tables.lowest(at).entry;
  if (!ptes.mapped(*entry)) return Follow::Fault;
  const bool write = request.access == Access::Write;
  if (write && ptes.writable(*entry)) return Follow::Fine;
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
  const bool anon = !ptes.is_zero_page(*entry) && page.has(flag::Anon);
  const bool exclusive = anon && page.has(flag::Exclusive);
  // Forced is only what the area forbids: where stores are allowed a fault gives the permission.
  const bool forced = request.force && !mm.find_vma(at)->is_writable();
  if (write) return forced && exclusive ? Follow::Fine : Follow::Fault;
  if (!request.pinned || !mm.kernel.profile.gup_unshares) return Follow::Fine;
  return anon && !exclusive ? Follow::Unshare : Follow::Fine;
}

bool is_allowed(const Vma* vma, VirtAddr at, const GupRequest& request) {
  if (vma == nullptr || !vma->contains(at)) return false;
  const bool write = request.access == Access::Write;
  if ((vma->prot & (write ? PROT_WRITE : PROT_READ)) != 0) return true;
  return request.force && !(write && vma->is_shared());
}

/// Faults until the page gives the access: 0 or an errno.
int fault_in(Mm& mm, const Current& current, VirtAddr at, const GupRequest& request) {
  for (;;) {
    Vma* vma = mm.find_vma(at);
    const bool grew =
        request.grows && vma != nullptr && vma->start > at && expand_stack(mm, *vma, at);
    if (!is_allowed(vma, at, request)) return EFAULT;
    const Follow follow = follow_page(mm, at, request);
    if (follow == Follow::Fine) return 0;
    const FaultRequest fault{at,
                             request.access,
                             Mode::Gup,
                             0,
                             request.tag,
                             follow == Follow::Unshare,
                             request.starts_over,
                             request.waits_in_place};
    VmFault vmf{mm, *vma, current, fault, grew};
    const FaultResult result = handle_mm_fault(vmf);
    if (result == FaultResult::Oom) return ENOMEM;
    if (is_error(result)) return EFAULT;
  }
}

}  // namespace

SysResult<std::size_t> get_user_pages(Mm& mm, const Current& current, const GupRequest& request) {
  for (VirtAddr at = request.start; at < request.end;
       at = (at + mm.page_size()).align_down(mm.page_size())) {
    const int error = fault_in(mm, current, at, request);
    if (error == 0) continue;
    if (at == request.start) return fail(error);
    return at - request.start;
  }
  return request.end - request.start;
}

int mm_populate(Mm& mm, const Current& current, VirtAddr start, VirtAddr end) {
  while (start < end) {
    const Vma* vma = mm.find_vma(start);
    if (vma == nullptr || vma->start >= end) return 0;
    GupRequest request{std::max(start, vma->start), std::min(end, vma->end)};
    start = vma->end;
    if (vma->has(vm_flag::LockOnFault)) continue;
    if (vma->prot == PROT_NONE || vma->has(vm_flag::ExecuteOnly)) return EFAULT;
    if (!vma->is_shared() && vma->is_writable()) request.access = Access::Write;
    request.force = true;
    request.starts_over = true;
    const auto done = get_user_pages(mm, current, request);
    if (!done) return done.error();
    if (*done < request.end - request.start) return EFAULT;
  }
  return 0;
}

}  // namespace pagesim::kernel
