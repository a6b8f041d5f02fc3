// The allocators of ours that run on both machines.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tools::run {

enum class OwnAllocator : std::uint8_t { Ptmalloc, Faultline };

/// By the name users give; nothing for the others, which run on the kernel alone.
[[nodiscard]] constexpr std::optional<OwnAllocator> own_allocator(std::string_view name) noexcept {
  if (name == "ptmalloc") return OwnAllocator::Ptmalloc;
  if (name == "faultline") return OwnAllocator::Faultline;
  return std::nullopt;
}

}  // namespace tools::run
