// Reading /proc/PID/maps.
#include "tools/run/address_map.h"

#include <charconv>
#include <string>

namespace tools::run {
namespace {

std::uint64_t hex(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

/// Takes the next word off the front of a line.
std::string_view word(std::string_view& line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const auto end = std::min(line.find(' '), line.size());
  const std::string_view found = line.substr(0, end);
  line.remove_prefix(end);
  return found;
}

bool is_shared_memory(std::string_view path) {
  return path.starts_with("/dev/zero") || path.starts_with("/dev/shm/") ||
         path.starts_with("/memfd:") || path.starts_with("/SYSV");
}

Backing backing_of(std::string_view rights, std::string_view path) {
  if (path.starts_with("/anon_hugepage")) return Backing::Hugetlb;
  const bool is_shared = rights.size() > 3 && rights[3] == 's';
  const bool is_file = path.starts_with("/");
  if (!is_file) return Backing::Anonymous;
  if (is_shared_memory(path)) return is_shared ? Backing::SharedMemory : Backing::PrivateMemory;
  return is_shared ? Backing::SharedFile : Backing::PrivateFile;
}

}  // namespace

AddressMap AddressMap::parse(std::string_view maps) {
  AddressMap map;
  while (!maps.empty()) {
    std::string_view line = maps.substr(0, maps.find('\n'));
    maps.remove_prefix(std::min(line.size() + 1, maps.size()));
    const std::string_view range = word(line);
    const std::string_view rights = word(line);
    for (int skipped = 0; skipped < 3; ++skipped) word(line);  // offset, device, inode
    const std::string_view path = word(line);
    const auto dash = range.find('-');
    if (dash == std::string_view::npos) continue;
    map.mappings_[hex(range.substr(0, dash))] = {hex(range.substr(dash + 1)),
                                                 backing_of(rights, path)};
  }
  return map;
}

void AddressMap::grow_down(std::uint64_t page) {
  const auto above = mappings_.upper_bound(page);
  if (above != mappings_.end()) mappings_[page] = {above->first, Backing::Anonymous};
}

Backing AddressMap::backing(std::uint64_t address) const {
  auto found = mappings_.upper_bound(address);
  if (found == mappings_.begin()) return Backing::Nothing;
  --found;
  return address < found->second.end ? found->second.backing : Backing::Nothing;
}

}  // namespace tools::run
