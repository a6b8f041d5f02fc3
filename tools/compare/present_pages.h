// PresentPages: what a process has in memory, by region, from its page map.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "tools/compare/address_space.h"

namespace tools::compare {

/// Mapped pages, zero pages among them, indexed by Region.
using PresentPages = std::array<std::uint64_t, kRegions>;
/// Those that can be told: not whether an anonymous area is a stack, nor what the loader touched.
inline constexpr std::array kPresentRegions = {Region::BrkHeap, Region::Anonymous, Region::File,
                                               Region::Stack};

/// Of a process that stands still. None: /proc tells this user nothing of it.
[[nodiscard]] std::optional<PresentPages> present_pages(pid_t process);

}  // namespace tools::compare
