// What backs each area of a process.
#include "tools/run/address_map.h"

#include "tools/measure/maps.h"

namespace tools::run {
namespace {

bool is_shared_memory(std::string_view path) {
  return path.starts_with("/dev/zero") || path.starts_with("/dev/shm/") ||
         path.starts_with("/memfd:") || path.starts_with("/SYSV");
}

Backing backing_of(const measure::MappedArea& area) {
  if (area.name.starts_with("/anon_hugepage")) return Backing::Hugetlb;
  if (!area.is_file()) return Backing::Anonymous;
  if (is_shared_memory(area.name))
    return area.shared ? Backing::SharedMemory : Backing::PrivateMemory;
  return area.shared ? Backing::SharedFile : Backing::PrivateFile;
}

}  // namespace

AddressMap AddressMap::parse(std::string_view maps) {
  AddressMap map;
  for (const measure::MappedArea& area : measure::parse_maps(maps))
    map.mappings_[area.begin.raw()] = {area.end.raw(), backing_of(area)};
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
