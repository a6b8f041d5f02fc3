// Version: which rules and calls came with which kernel (spec/linux-faults section 15).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pagesim/kernel/profile.h"

namespace pagesim::kernel {

/// A rule of the fault handler: in force from one version on, and before `until` of an
/// interruption.
struct Rule {
  std::string_view name;  ///< the knob that sets it alone
  KernelVersion since;
  bool Profile::*in_force;
  std::string_view meaning;
  KernelVersion gap_from{}, gap_until{};  ///< not in force between these; equal: no gap

  [[nodiscard]] bool holds_in(KernelVersion version) const noexcept {
    const bool in_gap = version >= gap_from && version < gap_until;
    return version >= since && !in_gap;
  }
};
[[nodiscard]] std::span<const Rule> rules() noexcept;

/// A system call, a flag or an advice that is older kernels' ENOSYS, EINVAL or nothing at all.
struct NewCall {
  std::string_view name;  ///< "MADV_FREE", "mlock2"
  KernelVersion since;
  int advice = -1;  ///< of madvise; -1: no advice
  std::string_view before = "EINVAL";
};
[[nodiscard]] std::span<const NewCall> new_calls() noexcept;
/// Whether the kernel knows an advice of madvise, if ever one did.
[[nodiscard]] bool knows_advice(const Profile& profile, int advice) noexcept;
/// The flags of mmap a kernel heeds; it ignores those that came later.
[[nodiscard]] int heeded_mmap_flags(const Profile& profile, int flags) noexcept;

inline constexpr KernelVersion kMlock2{4, 4};
inline constexpr KernelVersion kProcessVm{3, 2};
inline constexpr KernelVersion kMremapDontunmapSince{5, 7};

/// The rules in force at a version, with these settings. A version later than any rule has all of
/// them; before 4.12 the gap below a stack is a page, before 6.18 no folio is mapped whole.
[[nodiscard]] Profile profile_of(KernelVersion version, Profile profile = {});
/// "linux-6.1", "linux-2.6.24", or a release as uname gives it: "6.18.44-amd64". Nothing else.
[[nodiscard]] std::optional<KernelVersion> parse_version(std::string_view text) noexcept;
/// "linux-6.1", "linux-2.6.24".
[[nodiscard]] std::string to_string(KernelVersion version);
/// Whether two kernels treat every fault and call alike.
[[nodiscard]] bool same_rules(KernelVersion a, KernelVersion b) noexcept;

}  // namespace pagesim::kernel
