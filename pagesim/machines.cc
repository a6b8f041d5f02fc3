// The machines that can be simulated: geometries and layouts.
#include "pagesim/machines.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "pagesim/check.h"

namespace pagesim {

namespace {

using hardware::Arch;
using hardware::Geometry;
using hardware::MachineConfig;

constexpr std::array<std::string_view, 7> kMachineNames = {
    "x86-64", "x86-64-5level", "i386", "i386-pae", "arm64-4k", "arm64-16k", "arm64-64k"};

/// What arm64 kernels are configured for unless somebody asks otherwise.
constexpr unsigned kArm64AddressBits = 48;

Geometry x86_geometry(unsigned levels) {
  Geometry geometry;
  geometry.levels = levels;
  if (levels == 5) geometry.index_bits[4] = 9;
  geometry.user_end = std::uint64_t{1} << (geometry.address_bits() - 1);
  return geometry;
}

/// The user has three of the four GiB.
Geometry i386_geometry(bool pae) {
  constexpr std::uint64_t kPageOffset = 0xc000'0000;
  Geometry geometry;
  geometry.levels = pae ? 3 : 2;
  geometry.index_bits = pae ? std::array<std::uint8_t, 5>{9, 9, 2}  //
                            : std::array<std::uint8_t, 5>{10, 10};
  geometry.entry_bytes = pae ? 8 : 4;
  geometry.user_end = kPageOffset;
  geometry.physical_bits = pae ? 36 : 32;
  return geometry;
}

Geometry geometry_of(std::string_view name) {
  if (name == "x86-64") return x86_geometry(4);
  if (name == "x86-64-5level") return x86_geometry(5);
  if (name == "i386") return i386_geometry(false);
  if (name == "i386-pae") return i386_geometry(true);
  if (name == "arm64-4k") return arm64_geometry(12, kArm64AddressBits);
  if (name == "arm64-16k") return arm64_geometry(14, kArm64AddressBits);
  return arm64_geometry(16, kArm64AddressBits);
}

/// Whether /proc/cpuinfo names this among the first processor's flags.
bool has_processor_flag(const std::string& flag) {
  std::ifstream info{"/proc/cpuinfo"};
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("flags")) return (line + ' ').find(' ' + flag + ' ') != std::string::npos;
  return false;
}

/// TASK_SIZE: the last page below x86-64's gap is not given out.
VirtAddr task_size_of(const Geometry& geometry) {
  const bool keeps_page = geometry.arch == Arch::X86 && !geometry.is_32_bit();
  return VirtAddr{geometry.user_end - (keeps_page ? geometry.page_size() : 0)};
}

/// DEFAULT_MAP_WINDOW: what lies above is given only to those who ask for it by a hint.
VirtAddr map_window_of(const Geometry& geometry) {
  const unsigned most = geometry.arch == Arch::X86 ? 47 : 48;
  if (geometry.is_32_bit() || geometry.user_end <= std::uint64_t{1} << most)
    return task_size_of(geometry);
  Geometry narrow = geometry;
  narrow.user_end = std::uint64_t{1} << most;
  return task_size_of(narrow);
}

std::size_t whole_pages(const Geometry& geometry, std::size_t bytes) {
  return VirtAddr{bytes}.align_up(geometry.page_size()).raw();
}

}  // namespace

std::span<const std::string_view> machine_names() noexcept { return kMachineNames; }

std::optional<MachineModel> machine_model(std::string_view name) {
  const auto* const found = std::find(kMachineNames.begin(), kMachineNames.end(), name);
  if (found == kMachineNames.end()) return std::nullopt;
  MachineModel model{*found, {}, {}};
  model.config.geometry = geometry_of(name);
  model.config.memory_bytes =
      std::min(model.config.memory_bytes, most_memory(model.config.geometry));
  model.layout = layout_of(model.config.geometry);
  return model;
}

std::optional<std::string_view> running_machine() {
  utsname name{};
  if (::uname(&name) != 0) return std::nullopt;
  const std::string_view machine{name.machine};
  const long page = ::sysconf(_SC_PAGESIZE);
  if (machine == "x86_64") return has_processor_flag("la57") ? "x86-64-5level" : "x86-64";
  if (machine != "aarch64") return std::nullopt;
  if (page == 1 << 12) return "arm64-4k";
  return page == 1 << 14 ? "arm64-16k" : "arm64-64k";
}

bool running_protection_keys() { return has_processor_flag("ospke"); }

std::uint64_t most_memory(const Geometry& geometry) noexcept {
  constexpr std::uint64_t kMostFrames = 0xffff'ffff;
  return std::min(std::uint64_t{1} << geometry.physical_bits, kMostFrames << geometry.page_shift);
}

std::span<const unsigned> arm64_address_bits(unsigned page_shift) noexcept {
  static constexpr std::array<unsigned, 3> k4k{39, 48, 52};
  static constexpr std::array<unsigned, 4> k16k{36, 47, 48, 52};
  static constexpr std::array<unsigned, 3> k64k{42, 48, 52};
  if (page_shift == 12) return k4k;
  return page_shift == 14 ? std::span<const unsigned>{k16k} : k64k;
}

Geometry arm64_geometry(unsigned page_shift, unsigned address_bits) {
  constexpr unsigned kEntryShift = 3;
  Geometry geometry;
  geometry.arch = Arch::Arm64;
  geometry.page_shift = page_shift;
  geometry.user_end = std::uint64_t{1} << address_bits;
  geometry.physical_bits = 48;
  geometry.index_bits = {};
  geometry.levels = 0;
  for (unsigned left = address_bits - page_shift; left > 0; ++geometry.levels) {
    const unsigned bits = std::min(left, page_shift - kEntryShift);
    geometry.index_bits.at(geometry.levels) = static_cast<std::uint8_t>(bits);
    left -= bits;
  }
  return geometry;
}

Layout layout_of(const Geometry& geometry, std::uint64_t stack_limit,
                 std::uint64_t stack_guard_gap_pages) {
  constexpr std::uint64_t kLeastGap = std::uint64_t{128} << 20;
  constexpr std::size_t kStackExpand = 0x20000;  // the kernel maps that much below the arguments
  constexpr std::size_t kLibraries = std::size_t{8} << 20;
  constexpr std::size_t kBlock = 0x10000;  // of every page size
  const std::size_t page = geometry.page_size();
  Layout layout;
  const std::size_t up = geometry.is_32_bit() ? 0x08048000 - layout.text.raw() : 0;
  layout.text += up;
  layout.globals += up;
  layout.heap += up;
  layout.text_bytes = whole_pages(geometry, layout.text_bytes);
  layout.globals_bytes = whole_pages(geometry, layout.globals_bytes);
  layout.thread_bytes = page;
  layout.task_size = task_size_of(geometry);
  layout.map_window = map_window_of(geometry);
  layout.unmapped_base =
      VirtAddr{layout.map_window.raw() / (geometry.arch == Arch::Arm64 ? 4 : 3)}.align_up(page);
  layout.stack_top = layout.map_window;
  layout.stack_limit = stack_limit;
  layout.stack_bytes = kStackExpand + page;
  const std::uint64_t gap = stack_limit + (stack_guard_gap_pages << geometry.page_shift);
  const std::uint64_t room =
      std::clamp(gap, kLeastGap, layout.map_window.raw() / 6 * 5) & ~(page - 1);
  const VirtAddr mmap_base = layout.stack_top - room;
  layout.thread_locals = (mmap_base - page).align_down(kBlock);
  layout.mmap_base = (mmap_base - page).align_down(kLibraries);
  return layout;
}

}  // namespace pagesim
