// The machines that can be simulated, by name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pagesim/hardware/machine.h"
#include "pagesim/layout.h"

namespace pagesim {

/// What a machine's name stands for.
struct MachineModel {
  std::string_view name;
  hardware::MachineConfig config;
  Layout layout;
};

/// "x86-64", "x86-64-5level", "i386", "i386-pae", "arm64-4k", "arm64-16k", "arm64-64k".
[[nodiscard]] std::span<const std::string_view> machine_names() noexcept;
/// The machine of that name, or nothing.
[[nodiscard]] std::optional<MachineModel> machine_model(std::string_view name);
/// The name of the machine this program runs on; nothing when it is none of them.
[[nodiscard]] std::optional<std::string_view> running_machine();

/// Whether the processor this program runs on has protection keys, and its kernel uses them.
[[nodiscard]] bool running_protection_keys();

/// Bytes of memory a machine can have: as many frames as its entries and ours can name.
[[nodiscard]] std::uint64_t most_memory(const hardware::Geometry& geometry) noexcept;

/// The sizes of a program's virtual addresses an arm64 kernel can be built for, by page size.
[[nodiscard]] std::span<const unsigned> arm64_address_bits(unsigned page_shift) noexcept;
/// The geometry of one of them.
[[nodiscard]] hardware::Geometry arm64_geometry(unsigned page_shift, unsigned address_bits);

/// Where Linux puts the regions of a static program without address randomization. The stack's
/// limit keeps that much room below it, at least 128 MiB.
[[nodiscard]] Layout layout_of(const hardware::Geometry& geometry,
                               std::uint64_t stack_limit = Layout{}.stack_limit,
                               std::uint64_t stack_guard_gap_pages = 256);

}  // namespace pagesim
