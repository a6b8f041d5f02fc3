// SimulatedFiles: the files of a program tree in the simulated machine.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "pagesim/machine.h"
#include "tools/compare/fault_stream.h"

namespace tools::compare {

/// What can be known of a file's pages before they fault. Made: all of them, since only mappings of
/// the tree can have made one. Cached: the kernel says so, a fault at a time, by its minor or
/// major.
enum class FilePages : std::uint8_t { Made, Cached, Unknown };

struct SimulatedFile {
  std::shared_ptr<pagesim::kernel::File> file;
  FilePages pages = FilePages::Cached;
};

class SimulatedFiles {
 public:
  explicit SimulatedFiles(pagesim::Machine& machine) : machine_{machine} {}

  /// Null: the area is of anonymous private memory.
  [[nodiscard]] const SimulatedFile* find(const StreamMap& map);
  [[nodiscard]] FilePages pages_of(const pagesim::kernel::File& file) const;
  /// The pages of [first, last] are in memory, or `index` is not, as a fault there has shown.
  void note(pagesim::kernel::File& file, std::uint64_t index, bool major, std::uint64_t first,
            std::uint64_t last);

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // device and inode

  pagesim::Machine& machine_;
  std::map<Key, SimulatedFile> files_;
};

}  // namespace tools::compare
