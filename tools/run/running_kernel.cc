// Reading /proc/sys/vm, /sys/kernel/mm, /proc/swaps and debugfs.
#include "tools/run/running_kernel.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <optional>
#include <sstream>

#include "pagesim/uapi.h"
#include "tools/measure/kernel_file_system.h"
#include "tools/measure/rights.h"
#include "tools/run/temp_files.h"

namespace tools::run {
namespace {

namespace fs = std::filesystem;
using pagesim::kernel::Profile;
using pagesim::kernel::SwapDevice;
using pagesim::kernel::ThpMode;

constexpr const char* kThp = "/sys/kernel/mm/transparent_hugepage/";

std::optional<std::uint64_t> number_in(const std::string& path) {
  const std::string text = measure::read_file(path).value_or("");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

template <class T>
void take(T& setting, const std::string& path) {
  if (const auto value = number_in(path)) setting = static_cast<T>(*value);
}

std::string sys_device(dev_t device) {
  const std::string path =
      "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device));
  std::error_code ignored;
  return fs::canonical(path, ignored).string();
}

/// A partition has its disk's queue.
bool is_rotational(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return true;
  const std::string device = sys_device(S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev);
  for (const char* queue : {"/queue/rotational", "/../queue/rotational"})
    if (const auto value = number_in(device + queue)) return *value != 0;
  return true;
}

void read_huge_pages(Profile& profile) {
  const std::string directory = kThp;
  const auto mode = [&](const std::string& file, ThpMode otherwise) {
    return thp_mode(measure::read_file(directory + file).value_or(""), otherwise);
  };
  profile.thp_enabled = mode("enabled", profile.thp_enabled);
  profile.huge_enabled = mode("hugepages-2048kB/enabled", profile.huge_enabled);
  constexpr unsigned kHugeOrder = 9;
  for (unsigned order = 1; order < kHugeOrder; ++order) {
    const std::string size = std::to_string(4u << order);
    profile.mthp_enabled[order] =
        mode("hugepages-" + size + "kB/enabled", profile.mthp_enabled[order]);
  }
  if (const auto use = number_in(directory + "use_zero_page"))
    profile.use_huge_zero_page = *use != 0;
}

}  // namespace

std::string read_ahead_file() {
  struct stat status {};
  if (stat(disk_directory().c_str(), &status) != 0) return {};
  const std::string device = sys_device(status.st_dev);
  for (const char* file : {"/bdi/read_ahead_kb", "/../bdi/read_ahead_kb"})
    if (fs::exists(device + file)) return device + file;
  return {};
}

ThpMode thp_mode(const std::string& text, ThpMode otherwise) {
  const auto open = text.find('[');
  if (open == std::string::npos) return otherwise;
  const std::string word = text.substr(open + 1, text.find(']') - open - 1);
  if (word == "never") return ThpMode::Never;
  if (word == "madvise") return ThpMode::Madvise;
  if (word == "always") return ThpMode::Always;
  return word == "inherit" ? ThpMode::Inherit : otherwise;
}

SwapDevice swap_device(const std::string& swaps, bool (*rotational)(const std::string&)) {
  std::istringstream lines{swaps};
  std::string line;
  std::getline(lines, line);  // the heads of the columns
  std::string first;
  int highest = std::numeric_limits<int>::min();
  while (std::getline(lines, line)) {
    std::istringstream fields{line};
    std::string path, type, size, used;
    int priority = 0;
    fields >> path >> type >> size >> used >> priority;
    if (!fields || priority <= highest) continue;
    highest = priority;
    first = path;
  }
  if (first.empty()) return SwapDevice::None;
  if (first.find("/zram") != std::string::npos) return SwapDevice::Zram;
  return rotational(first) ? SwapDevice::Disk : SwapDevice::Ssd;
}

void read_settings(Profile& profile) {
  read_huge_pages(profile);
  take(profile.fault_around_bytes, measure::debugfs() + "/fault_around_bytes");
  take(profile.read_ahead_kb, read_ahead_file());
  take(profile.nr_hugepages, "/proc/sys/vm/nr_hugepages");
  take(profile.page_cluster, "/proc/sys/vm/page-cluster");
  take(profile.overcommit_memory, "/proc/sys/vm/overcommit_memory");
  take(profile.max_map_count, "/proc/sys/vm/max_map_count");
  take(profile.mmap_min_addr, "/proc/sys/vm/mmap_min_addr");
  profile.cap_sys_rawio = measure::has_sys_rawio();
  profile.swap = swap_device(measure::read_file("/proc/swaps").value_or(""), is_rotational);
}

bool speaks_of_huge_pages(const script::Program& program, std::optional<OwnAllocator> allocator) {
  if (allocator == OwnAllocator::Faultline) return true;
  return std::any_of(program.ops.begin(), program.ops.end(), [](const script::Op& op) {
    const bool advice = op.advice == MADV_HUGEPAGE || op.advice == pagesim::kMadvCollapse;
    return (op.verb == script::Verb::Madvise && advice) || op.verb == script::Verb::Sysctl;
  });
}

Profile profile_for(const script::Program& program, OwnAllocator allocator) {
  Profile profile;
  read_settings(profile);
  if (speaks_of_huge_pages(program, allocator)) return profile;
  profile.thp_enabled = ThpMode::Never;
  profile.huge_enabled = ThpMode::Never;
  profile.mthp_enabled = {};
  return profile;
}

}  // namespace tools::run
