// Where a new process finds its regions: a static program without address randomization.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pagesim/address.h"

namespace pagesim {

/// Lengths are bytes and addresses page aligned. The heap starts empty at `heap`; the mmap area is
/// filled from `mmap_base` downward; thread-local pages lie from `thread_locals` upward, among what
/// a program maps while it starts. Defaults: x86-64; layout_of (machines.h) knows the others.
struct Layout {
  VirtAddr text{0x400000};
  std::size_t text_bytes = 0x10000;
  VirtAddr globals{0x4c0000};  ///< zeroed private anonymous memory: .bss
  std::size_t globals_bytes = 0x2000;
  VirtAddr heap{0x4e0000};
  VirtAddr thread_locals{0x7ffff7ff0000};
  std::size_t thread_bytes = 0x1000;  ///< of each thread
  VirtAddr mmap_base{0x7ffff7800000};
  VirtAddr stack_top{0x7ffffffff000};
  VirtAddr task_size{0x7ffffffff000};      ///< first byte no program can map
  VirtAddr map_window{0x7ffffffff000};     ///< above it a hint must ask
  VirtAddr unmapped_base{0x2aaaaaaab000};  ///< where room is looked for when none is left below
  std::size_t stack_bytes = 0x21000;       ///< mapped from the start
  std::uint64_t stack_limit = 8u << 20;    ///< RLIMIT_STACK
  std::uint64_t data_limit = ~std::uint64_t{0};           ///< RLIMIT_DATA
  std::uint64_t address_space_limit = ~std::uint64_t{0};  ///< RLIMIT_AS
  std::vector<std::string> environment;                   ///< "NAME=value"
};

}  // namespace pagesim
