// AddressMap: what is mapped where in a process, read from the text of /proc/PID/maps.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "tools/run/fault_cause.h"

namespace tools::run {

class AddressMap {
 public:
  /// Reads the lines; a line that is none is left out.
  static AddressMap parse(std::string_view maps);

  /// What backs the address; Nothing where no mapping is.
  /// A stack reaches down to `page`, from whatever lies above it.
  void grow_down(std::uint64_t page);
  [[nodiscard]] Backing backing(std::uint64_t address) const;

 private:
  struct Mapping {
    std::uint64_t end = 0;
    Backing backing = Backing::Nothing;
  };
  std::map<std::uint64_t, Mapping> mappings_;  // by start
};

}  // namespace tools::run
