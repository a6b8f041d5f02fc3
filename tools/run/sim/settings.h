// The simulated kernel's settings by the names scripts give them.
#pragma once

#include <cstdint>
#include <string_view>

#include "pagesim/hardware/machine.h"
#include "pagesim/kernel/profile.h"

namespace tools::run::sim {

/// The setting that is a memory cgroup's, not the whole machine's: bytes.
inline constexpr std::string_view kMemoryLimit = "memory_limit";

/// Whether the machine has a setting of this name.
[[nodiscard]] bool has_setting(std::string_view name,
                               const pagesim::hardware::Geometry& geometry) noexcept;
/// Sets it; the name is one it has.
void apply_setting(std::string_view name, std::uint64_t value,
                   const pagesim::hardware::Geometry& geometry, pagesim::kernel::Profile& profile);

}  // namespace tools::run::sim
