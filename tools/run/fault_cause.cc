// From evidence to cause.
#include "tools/run/fault_cause.h"

namespace tools::run {
namespace {

using pagesim::Access;
using pagesim::Cause;

constexpr std::uint16_t kPresentBit = 1;
constexpr std::uint16_t kWriteBit = 2;
constexpr std::uint16_t kFetchBit = 16;

/// Whether the page was there and the access was refused for lack of a right: the error code says,
/// else the page map before.
std::optional<bool> was_present(const SeenFault& fault) {
  if (fault.error_code) return (*fault.error_code & kPresentBit) != 0;
  if (fault.before) return fault.before->present();
  return std::nullopt;
}

bool is_write(const SeenFault& fault) { return fault.access == Access::Write; }

Cause absent_anonymous(const SeenFault& fault) {
  const bool huge = fault.huge.value_or(false);
  if (is_write(fault)) return huge ? Cause::HugeFirstWrite : Cause::FirstWrite;
  return huge ? Cause::HugeZeroRead : Cause::ZeroRead;
}

/// A write to a present anonymous page: which frame was there, and which is there now.
Cause write_to_present(const SeenFault& fault) {
  if (fault.was_zero) return Cause::ZeroUpgrade;
  if (!fault.before || fault.zero_frame == 0) return Cause::Unknown;
  const auto was = fault.before->frame();
  if (was == 0) return Cause::Unknown;
  if (was == fault.zero_frame) return Cause::ZeroUpgrade;
  if (fault.before->file()) return Cause::FileCow;
  if (!fault.after || fault.after->frame() == 0) return Cause::Unknown;
  return fault.after->frame() == was ? Cause::CowReuse : Cause::CowCopy;
}

Cause anonymous(const SeenFault& fault, bool present) {
  if (!fault.access) return Cause::Unknown;
  if (!present) return absent_anonymous(fault);
  return is_write(fault) ? write_to_present(fault) : Cause::Spurious;
}

Cause private_file(const SeenFault& fault, bool present) {
  if (!fault.access) return Cause::Unknown;
  if (present) return is_write(fault) ? write_to_present(fault) : Cause::Spurious;
  if (is_write(fault)) return Cause::FileCow;
  // A disk's page had without waiting came by read-ahead; tmpfs has no disk: it made the page.
  if (fault.backing == Backing::PrivateFile) return Cause::FileMap;
  if (!fault.in_page_cache) return Cause::Unknown;
  return *fault.in_page_cache ? Cause::FileMap : Cause::ShmemNew;
}

Cause shared(const SeenFault& fault, bool present) {
  if (!fault.access) return Cause::Unknown;
  if (present) return is_write(fault) ? Cause::Mkwrite : Cause::Spurious;
  if (fault.backing == Backing::SharedFile) return Cause::FileMap;
  if (!fault.in_page_cache) return Cause::Unknown;
  return *fault.in_page_cache ? Cause::FileMap : Cause::ShmemNew;
}

bool swapped_before(const SeenFault& fault) { return fault.before && fault.before->swapped(); }

Cause major(const SeenFault& fault) {
  if (swapped_before(fault)) return Cause::SwapIn;
  if (fault.backing == Backing::SharedMemory) return Cause::SwapIn;
  if (fault.backing == Backing::Anonymous) return fault.before ? Cause::Unknown : Cause::SwapIn;
  const bool is_private =
      fault.backing == Backing::PrivateFile || fault.backing == Backing::PrivateMemory;
  return is_private && is_write(fault) ? Cause::FileCow : Cause::FileRead;
}

}  // namespace

std::optional<Access> access_of_error(std::uint16_t error_code) noexcept {
  if ((error_code & kFetchBit) != 0) return Access::Execute;
  return (error_code & kWriteBit) != 0 ? Access::Write : Access::Read;
}

Cause cause_of(const SeenFault& fault) noexcept {
  if (fault.outcome == pagesim::Outcome::Signal) return Cause::Invalid;
  if (fault.backing == Backing::Hugetlb) return Cause::Hugetlb;
  if (fault.outcome == pagesim::Outcome::Major) return major(fault);
  if (swapped_before(fault)) return Cause::SwapCache;
  const auto present = was_present(fault);
  if (!present) return Cause::Unknown;
  switch (fault.backing) {
    case Backing::Nothing:
      return Cause::StackGrowth;
    case Backing::PrivateFile:
    case Backing::PrivateMemory:
      return private_file(fault, *present);
    case Backing::SharedFile:
    case Backing::SharedMemory:
      return shared(fault, *present);
    default:
      return anonymous(fault, *present);
  }
}

}  // namespace tools::run
