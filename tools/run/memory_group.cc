// Making and removing memory cgroups.
#include "tools/run/memory_group.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "tools/measure/rights.h"

namespace tools::run {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kName = "faultline-";
constexpr int kTriesToRemove = 200;
constexpr useconds_t kPause = 10'000;

/// Where a file system of this type, with this option, is mounted; empty: nowhere.
std::string mounted_at(const std::string& type, const std::string& option) {
  std::istringstream mounts{measure::read_file("/proc/self/mounts").value_or("")};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields{line};
    std::string device, place, kind, options;
    fields >> device >> place >> kind >> options;
    if (kind == type && ("," + options + ",").find("," + option + ",") != std::string::npos)
      return place;
  }
  return {};
}

/// Groups whose runs are gone. One that still has processes stays.
void remove_stale(const std::string& parent) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{parent, ignored}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kName)) continue;
    int pid = 0;
    std::from_chars(name.data() + kName.size(), name.data() + name.size(), pid);
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) rmdir(entry.path().c_str());
  }
}

}  // namespace

MemoryGroup::MemoryGroup() {
  std::string parent = mounted_at("cgroup", "memory");
  if (parent.empty()) {
    parent = mounted_at("cgroup2", "rw");
    unified_ = true;
  }
  if (parent.empty()) return;
  remove_stale(parent);
  const std::string path = parent + '/' + std::string{kName} + std::to_string(getpid());
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return;
  directory_ = path;
  const char* const reclaim = unified_ ? "/memory.reclaim" : "/memory.force_empty";
  if (access((path + reclaim).c_str(), W_OK) == 0) return;
  rmdir(path.c_str());
  directory_.clear();
}

std::string MemoryGroup::limit_file() const {
  if (directory_.empty()) return {};
  return directory_ + (unified_ ? "/memory.max" : "/memory.limit_in_bytes");
}

std::uint64_t MemoryGroup::oom_kills() const {
  const char* const file = unified_ ? "/memory.events" : "/memory.oom_control";
  std::istringstream lines{measure::read_file(directory_ + file).value_or("")};
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key >> value)
    if (key == "oom_kill") return value;
  return 0;
}

MemoryGroup::~MemoryGroup() {
  for (int i = 0; !directory_.empty() && i < kTriesToRemove; ++i) {
    if (rmdir(directory_.c_str()) == 0 || errno != EBUSY) return;
    usleep(kPause);  // its last process is still on its way out
  }
}

}  // namespace tools::run
