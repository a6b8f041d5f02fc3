// Making nameless files.
#include "tools/run/temp_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <algorithm>
#include <cstdlib>

#include "tools/run/runner.h"

namespace tools::run {
namespace {

constexpr const char* kTmpfs = "/dev/shm";

bool is_in_memory(const std::string& directory) {
  struct statfs status {};
  if (statfs(directory.c_str(), &status) != 0) return true;
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

/// A file without a name; where the file system has none, a name that is taken away at once.
OwnedFd nameless_file(const std::string& directory) {
  OwnedFd file{open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file.is_open()) return file;
  std::string name = directory + "/faultline-XXXXXX";
  file = OwnedFd{mkostemp(name.data(), O_CLOEXEC)};
  if (file.is_open()) unlink(name.c_str());
  return file;
}

/// The `file` line that makes the program's file; null for a name that is only used.
const script::Op* maker_of(const script::Program& program, std::uint32_t file) {
  const auto found = std::find_if(program.ops.begin(), program.ops.end(), [&](const auto& op) {
    return op.verb == script::Verb::File && op.file == file;
  });
  return found == program.ops.end() ? nullptr : &*found;
}

}  // namespace

std::string disk_directory() {
  const char* const wanted = std::getenv("TMPDIR");
  for (const char* directory : {wanted, "/var/tmp", "/tmp", "."}) {
    if (directory == nullptr || *directory == '\0') continue;
    if (!is_in_memory(directory) && access(directory, W_OK | X_OK) == 0) return directory;
  }
  return {};
}

std::vector<OwnedFd> make_temp_files(const script::Program& program) {
  std::vector<OwnedFd> files;
  for (std::uint32_t i = 0; i < program.files.size(); ++i) {
    const script::Op* const maker = maker_of(program, i);
    if (maker == nullptr) {
      files.emplace_back();
      continue;
    }
    const bool tmpfs = (maker->flags & script::flag::Tmpfs) != 0;
    const std::string directory = tmpfs ? kTmpfs : disk_directory();
    if (directory.empty())
      throw Unsupported{program, *maker, "no writable directory on a disk: name one in TMPDIR"};
    if (tmpfs && !is_in_memory(directory))
      throw Unsupported{program, *maker, "/dev/shm is not a tmpfs here"};
    files.push_back(nameless_file(directory));
    if (!files.back().is_open())
      throw Unsupported{program, *maker, "no file can be made in " + directory};
  }
  return files;
}

}  // namespace tools::run
