// arch: what the fault entry of one architecture decides before the generic handler.
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/vma.h"
#include "pagesim/ledger.h"

namespace pagesim::kernel {

/// 0, or the si_code with which an area forbids the access (spec/linux-faults section 3).
[[nodiscard]] int access_error(const Mm& mm, const Vma& vma, const FaultRequest& request) noexcept;
/// Whether PROT_EXEC alone means execute-only: such areas get a protection key that no thread may
/// have data with. Measured on Linux 6.18: every thread has the same rights, forked or cloned, made
/// before or after; other keys than the default one are given to nobody else.
[[nodiscard]] bool has_execute_only_pkey(const Mm& mm) noexcept;

/// Puts what the processor reported into a record or a signal, in the architecture's words.
void report_syndrome(const Mm& mm, std::uint32_t syndrome, FaultRecord& record) noexcept;
void report_syndrome(const Mm& mm, std::uint32_t syndrome, SignalInfo& signal) noexcept;

/// What a handler is told of an address outside user space: nothing that tells which pages of the
/// kernel exist.
[[nodiscard]] std::uint32_t hidden_syndrome(const Mm& mm, std::uint32_t syndrome) noexcept;
/// x86-64's vsyscall page: user space to the processor but not to a program; faults there are
/// events.
[[nodiscard]] bool is_vsyscall_page(const Mm& mm, VirtAddr at) noexcept;
/// Whether emptied leaf tables can be given back at once (PT_RECLAIM).
[[nodiscard]] bool supports_pt_reclaim(const Mm& mm) noexcept;
/// Whether pages mapped around a fault start old, for the processor to tell which are used.
[[nodiscard]] bool wants_old_prefaulted_pte(const Mm& mm) noexcept;

}  // namespace pagesim::kernel
