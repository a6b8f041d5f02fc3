// Files by device and number; their lengths do not matter, since faults beyond them are signals.
#include "tools/compare/simulated_files.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include <string_view>

namespace tools::compare {
namespace {

using pagesim::kernel::FileSystem;

constexpr std::uint64_t kLongestFile = std::uint64_t{1} << 46;

bool is_anonymous(const StreamMap& map) {
  const std::string_view name = map.file;
  return name == "//anon" || name == "[heap]" || name == "[stack]" || name.starts_with("[anon:");
}

bool is_tmpfs(const std::string& path) {
  struct statfs status {};
  return path.starts_with("/memfd:") || path.starts_with("/SYSV") ||
         (statfs(path.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC);
}

FilePages pages(const StreamMap& map) {
  if (std::string_view{map.file}.starts_with("/dev/zero")) return FilePages::Made;
  return is_tmpfs(map.file) ? FilePages::Unknown : FilePages::Cached;
}

}  // namespace

const SimulatedFile* SimulatedFiles::find(const StreamMap& map) {
  if (is_anonymous(map)) return nullptr;
  const auto [found, fresh] = files_.try_emplace(Key{map.device, map.inode});
  if (fresh) {
    found->second.pages = pages(map);
    const bool shmem = found->second.pages != FilePages::Cached;
    found->second.file = machine_.create_file(
        map.file, kLongestFile, shmem ? FileSystem::Tmpfs : FileSystem::Disk, /*sparse=*/true);
  }
  return &found->second;
}

FilePages SimulatedFiles::pages_of(const pagesim::kernel::File& file) const {
  for (const auto& [key, each] : files_) {
    if (each.file.get() == &file) return each.pages;
  }
  return FilePages::Unknown;
}

void SimulatedFiles::note(pagesim::kernel::File& file, std::uint64_t index, bool major,
                          std::uint64_t first, std::uint64_t last) {
  if (file.is_shmem()) return;
  if (major) {
    machine_.evict(file, {index, index});
    return;
  }
  for (std::uint64_t page = first; page <= last; ++page) file.add_page(page);
}

}  // namespace tools::compare
