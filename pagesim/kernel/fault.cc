// fault: finding the area, checking the access, dispatching on the entry.
#include "pagesim/kernel/fault.h"

#include <signal.h>
#include <sys/mman.h>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/arch.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/hugetlb.h"
#include "pagesim/kernel/mem_cgroup.h"
#include "pagesim/kernel/numa.h"
#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

FaultRecord make_record(const Mm& mm, const Current& current, const FaultRequest& request) {
  FaultRecord record;
  record.address = request.address;
  record.process = current.process;
  record.thread = current.thread;
  if (request.mode != Mode::Gup) report_syndrome(mm, request.syndrome, record);
  record.access = request.access;
  record.mode = request.mode;
  record.tag = request.tag;
  return record;
}

FaultResult force_sig_fault(const Mm& mm, const Current& current, const FaultRequest& request,
                            int number, int code, std::uint32_t syndrome) {
  if (current.signal != nullptr) {
    *current.signal = {number, code, request.address};
    report_syndrome(mm, syndrome, *current.signal);
  }
  return number == SIGBUS ? FaultResult::Sigbus : FaultResult::Sigsegv;
}

FaultResult bad_area(Mm& mm, const Current& current, const FaultRequest& request,
                     Decisions decisions, int signal, int code) {
  FaultRecord record = make_record(mm, current, request);
  record.outcome = Outcome::Signal;
  record.cause = Cause::Invalid;
  record.decisions = decisions;
  record.decisions.add(Decision::BadArea);
  ++current.counters->exceptions;
  mm.kernel.ledger.file(record);
  return force_sig_fault(mm, current, request, signal, code, request.syndrome);
}

/// Outside user space nothing is looked up.
FaultResult bad_kernel_address(Mm& mm, const Current& current, const FaultRequest& request) {
  if (is_vsyscall_page(mm, request.address))
    (void)bad_area(mm, current, request, {}, SIGSEGV, SEGV_MAPERR);
  return force_sig_fault(mm, current, request, SIGSEGV, SEGV_MAPERR,
                         hidden_syndrome(mm, request.syndrome));
}

/// Whether a growing area may come that close to what lies below it.
bool keeps_stack_gap(Mm& mm, const Vma& vma, VirtAddr page) {
  const Vma* below = mm.previous(vma);
  const std::uint64_t gap = mm.kernel.profile.stack_guard_gap << mm.page_shift();
  return below == nullptr || below->prot == PROT_NONE || below->has(vm_flag::Growsdown) ||
         page - below->end >= gap;
}

/// Before 5.0 a program's own access far below its stack pointer is no use of the stack: further
/// than the largest instruction that pushes reaches.
bool is_stack_access(const Mm& mm, const FaultRequest& request) {
  constexpr std::uint64_t kReach = 65536 + 32 * 8;
  if (mm.kernel.profile.stack_grows_anywhere || request.mode != Mode::User) return true;
  return request.address + kReach >= mm.limits.stack_pointer;
}

/// The entry allows the access; what the processor does not note by itself is noted here.
FaultResult update_accessed_dirty(VmFault& vmf) {
  const Ptes ptes{vmf.mm};
  *vmf.pte = ptes.mkyoung(*vmf.pte);
  if (vmf.is_write()) *vmf.pte = ptes.mkdirty(*vmf.pte);
  return vmf.complete(Cause::Spurious);
}

FaultResult handle_pte_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::HandlePteFault);
  const Ptes ptes{vmf.mm};
  const Entry entry = vmf.pte == nullptr ? 0 : *vmf.pte;
  if (entry == 0) return vmf.vma.is_anonymous() ? do_anonymous_page(vmf) : do_fault(vmf);
  if (!ptes.mapped(entry)) return do_swap_page(vmf);
  if (is_numa_hint(vmf, entry)) return do_numa_page(vmf, *vmf.pte);
  if (vmf.wants_write() && !ptes.writable(entry)) return do_wp_page(vmf);
  return update_accessed_dirty(vmf);
}

}  // namespace

FaultRecord VmFault::record(Cause cause, bool major) const {
  FaultRecord record = make_record(mm, current, request);
  record.outcome = major ? Outcome::Major : Outcome::Minor;
  record.cause = cause;
  record.decisions = decisions;
  return record;
}

FaultResult handle_mm_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::HandleMmFault);
  MemCgroup* const limited = vmf.mm.kernel.mem_cgroup.get();
  if (limited != nullptr && !limited->try_charge()) [[unlikely]]
    return FaultResult::Oom;
  hardware::PageTable& tables = vmf.mm.tables;
  const VirtAddr at = vmf.request.address;
  vmf.pte = tables.find_in_last(at);
  if (vmf.pte != nullptr) return handle_pte_fault(vmf);
  if (vmf.vma.has(vm_flag::Hugetlb)) return hugetlb_fault(vmf);
  Entry* pmd = tables.find_or_make(at, 1);
  if (pmd == nullptr) return FaultResult::Oom;
  if (*pmd == 0 && is_huge_eligible(vmf.mm, vmf.vma, at)) {
    const FaultResult result = do_huge_pmd_anonymous_page(vmf, *pmd);
    if (result != FaultResult::Fallback) return result;
  }
  if (*pmd != 0 && !tables.is_table(*pmd)) return huge_pmd_fault(vmf, *pmd);
  // A file may have no page here: its leaf table waits until there is one.
  vmf.pte = vmf.vma.is_anonymous() ? tables.find_or_make(at) : tables.find(at);
  if (vmf.pte == nullptr && vmf.vma.is_anonymous()) return FaultResult::Oom;
  return handle_pte_fault(vmf);
}

/// The area is made ready for private pages before the limits are asked (measured: after a refusal
/// fork copies what it maps).
bool expand_stack(Mm& mm, Vma& vma, VirtAddr at) {
  const VirtAddr page = at.align_down(mm.page_size());
  if (!vma.has(vm_flag::Growsdown) || page < VirtAddr{mm.kernel.profile.mmap_min_addr})
    return false;
  if (!keeps_stack_gap(mm, vma, page)) return false;
  anon_vma_prepare(mm, vma);
  if (vma.end - page > mm.limits.stack) return false;
  const std::uint64_t pages = (vma.start - page) >> mm.page_shift();
  if (((mm.total_vm() + pages) << mm.page_shift()) > mm.limits.address_space) return false;
  mm.grow_down(vma, page);
  return true;
}

FaultResult do_user_addr_fault(Mm& mm, const Current& current, const FaultRequest& request) {
  if (request.address >= mm.limits.task_size) return bad_kernel_address(mm, current, request);
  Decisions decisions;
  decisions.add(Decision::FindVma);
  Vma* vma = mm.find_vma(request.address);
  bool grew = false;
  if (vma != nullptr && vma->start > request.address && is_stack_access(mm, request))
    grew = expand_stack(mm, *vma, request.address);
  if (grew) decisions.add(Decision::ExpandStack);
  if (vma == nullptr || vma->start > request.address)
    return bad_area(mm, current, request, decisions, SIGSEGV, SEGV_MAPERR);
  if (const int code = access_error(mm, *vma, request); code != 0)
    return bad_area(mm, current, request, decisions, SIGSEGV, code);
  VmFault vmf{mm, *vma, current, request, grew, nullptr, decisions};
  const FaultResult result = handle_mm_fault(vmf);
  if (result == FaultResult::Sigsegv)
    return bad_area(mm, current, request, vmf.decisions, SIGSEGV, SEGV_MAPERR);
  if (result == FaultResult::Sigbus)
    return bad_area(mm, current, request, vmf.decisions, SIGBUS, BUS_ADRERR);
  return result;
}

}  // namespace pagesim::kernel
