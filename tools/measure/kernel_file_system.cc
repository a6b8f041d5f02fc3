// Finding debugfs and tracefs, mounted or not.
#include "tools/measure/kernel_file_system.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <map>

namespace tools::measure {
namespace {

bool is_mounted(const std::string& place) {
  struct statfs status {};
  if (statfs(place.c_str(), &status) != 0) return false;
  const auto magic = static_cast<unsigned long>(status.f_type);
  return magic == DEBUGFS_MAGIC || magic == TRACEFS_MAGIC;
}

/// A mount without a place; its files are reached through the descriptor.
std::string mount_detached(const std::string& type) {
  const int context = fsopen(type.c_str(), FSOPEN_CLOEXEC);
  if (context < 0) return {};
  int mounted = -1;
  if (fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
    mounted = fsmount(context, FSMOUNT_CLOEXEC, 0);
  close(context);
  if (mounted < 0) return {};
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(mounted);
}

}  // namespace

std::string kernel_file_system(const std::string& type, const std::string& usual) {
  if (is_mounted(usual)) return usual;
  static std::map<std::string, std::string> detached;
  const auto known = detached.find(type);
  if (known != detached.end()) return known->second;
  return detached[type] = mount_detached(type);
}

}  // namespace tools::measure
