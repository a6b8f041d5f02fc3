// The areas of a process's address space, as /proc/PID/maps tells them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pagesim/address.h"

namespace tools::measure {

/// A line of /proc/PID/maps: "begin-end rights offset device inode name".
struct MappedArea {
  pagesim::VirtAddr begin;
  pagesim::VirtAddr end;
  bool readable = false;
  bool writable = false;
  bool shared = false;
  std::uint64_t offset = 0;  ///< in the file, bytes
  std::string name;          ///< a file, "[heap]"; empty: anonymous

  [[nodiscard]] bool is_file() const noexcept { return name.starts_with('/'); }
  /// Memory that malloc may have got from the kernel.
  [[nodiscard]] bool is_anonymous() const noexcept {
    return name.empty() || name == "[heap]" || name.starts_with("[anon:");
  }
  friend bool operator==(const MappedArea&, const MappedArea&) = default;
};

/// In the order of the lines; a line that is none is left out.
[[nodiscard]] std::vector<MappedArea> parse_maps(std::string_view text);

/// Of a process or thread, in the order of addresses; empty: it has ended, has no memory, or this
/// user may not read it.
[[nodiscard]] std::vector<MappedArea> read_maps(pid_t task);

}  // namespace tools::measure
