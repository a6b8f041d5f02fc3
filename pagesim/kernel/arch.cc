// arch: x86 and arm64.
#include "pagesim/kernel/arch.h"

#include <signal.h>
#include <sys/mman.h>

#include "pagesim/hardware/arch/arm64.h"
#include "pagesim/hardware/arch/x86.h"

namespace pagesim::kernel {

namespace {

namespace x86 = hardware::x86;
namespace arm64 = hardware::arm64;
using hardware::Arch;

constexpr std::uint64_t kVsyscallPage = 0xffff'ffff'ff60'0000;

Arch arch_of(const Mm& mm) noexcept { return mm.tables.geometry().arch; }

/// A read of an absent page asks only that something is allowed; the second look comes with the
/// protection fault.
bool x86_access_error(const Vma& vma, const FaultRequest& request) noexcept {
  if (request.access == Access::Write) return (vma.prot & PROT_WRITE) == 0;
  if ((request.syndrome & x86::kErrorProtection) != 0) return true;
  return vma.prot == PROT_NONE;
}

/// Every access is checked before anything is mapped. A page that can be written or executed can be
/// read: execute-only mappings need EPAN, which is not simulated.
bool arm64_access_error(const Vma& vma, const FaultRequest& request) noexcept {
  if (request.access == Access::Execute) return (vma.prot & PROT_EXEC) == 0;
  if (request.access == Access::Write) return (vma.prot & PROT_WRITE) == 0;
  return vma.prot == PROT_NONE;
}

}  // namespace

int access_error(const Mm& mm, const Vma& vma, const FaultRequest& request) noexcept {
  if (vma.has(vm_flag::ExecuteOnly) && request.access != Access::Execute) return SEGV_PKUERR;
  const bool forbidden =
      arch_of(mm) == Arch::X86 ? x86_access_error(vma, request) : arm64_access_error(vma, request);
  return forbidden ? SEGV_ACCERR : 0;
}

bool has_execute_only_pkey(const Mm& mm) noexcept {
  return mm.kernel.walker.protection_keys && mm.kernel.profile.execute_only_pkeys &&
         mm.tables.format().execute_key != 0;
}

void report_syndrome(const Mm& mm, std::uint32_t syndrome, FaultRecord& record) noexcept {
  if (arch_of(mm) == Arch::X86)
    record.error_code = static_cast<std::uint16_t>(syndrome);
  else
    record.esr = syndrome;
}

void report_syndrome(const Mm& mm, std::uint32_t syndrome, SignalInfo& signal) noexcept {
  if (arch_of(mm) == Arch::X86) {
    signal.trap = x86::kTrapPageFault;
    signal.error_code = syndrome;
  } else {
    signal.esr = syndrome;
  }
}

std::uint32_t hidden_syndrome(const Mm& mm, std::uint32_t syndrome) noexcept {
  if (arch_of(mm) == Arch::X86) return syndrome | x86::kErrorProtection;
  constexpr std::uint32_t kStatus = 0x3f;
  return (syndrome & ~kStatus) | arm64::fault_status(arm64::FaultStatus::Translation, 0);
}

bool is_vsyscall_page(const Mm& mm, VirtAddr at) noexcept {
  const hardware::Geometry& geometry = mm.tables.geometry();
  return geometry.arch == Arch::X86 && !geometry.is_32_bit() &&
         at.align_down(mm.page_size()).raw() == kVsyscallPage;
}

bool supports_pt_reclaim(const Mm& mm) noexcept {
  return arch_of(mm) == Arch::X86 && !mm.tables.geometry().is_32_bit();
}

bool wants_old_prefaulted_pte(const Mm& mm) noexcept {
  return arch_of(mm) == Arch::Arm64 && mm.kernel.walker.sets_accessed;
}

}  // namespace pagesim::kernel
