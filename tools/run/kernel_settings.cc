// Finding, remembering and putting back kernel settings.
#include "tools/run/kernel_settings.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/measure/kernel_file_system.h"
#include "tools/measure/rights.h"
#include "tools/run/runner.h"
#include "tools/run/running_kernel.h"

namespace tools::run {
namespace {

namespace fs = std::filesystem;

struct KnownSetting {
  std::string_view name;
  const char* path;
};
constexpr KnownSetting kNumbers[] = {
    {"page_cluster", "/proc/sys/vm/page-cluster"},
    {"nr_hugepages", "/proc/sys/vm/nr_hugepages"},
    {"swappiness", "/proc/sys/vm/swappiness"},
    {"overcommit_memory", "/proc/sys/vm/overcommit_memory"},
    {"use_zero_page", "/sys/kernel/mm/transparent_hugepage/use_zero_page"}};
constexpr KnownSetting kWords[] = {{"thp_enabled", "enabled"},
                                   {"thp_shmem", "shmem_enabled"},
                                   {"thp_16k", "hugepages-16kB/enabled"},
                                   {"thp_32k", "hugepages-32kB/enabled"},
                                   {"thp_64k", "hugepages-64kB/enabled"},
                                   {"thp_128k", "hugepages-128kB/enabled"},
                                   {"thp_256k", "hugepages-256kB/enabled"},
                                   {"thp_512k", "hugepages-512kB/enabled"},
                                   {"thp_1m", "hugepages-1024kB/enabled"},
                                   {"thp_2m", "hugepages-2048kB/enabled"}};

child::Setting find_setting(const std::string& name) {
  child::Setting setting;
  std::string path;
  for (const KnownSetting& known : kNumbers)
    if (known.name == name) path = known.path;
  for (const KnownSetting& known : kWords) {
    if (known.name != name) continue;
    path = std::string{"/sys/kernel/mm/transparent_hugepage/"} + known.path;
    setting.is_word = 1;
  }
  if (name == "read_ahead_kb") path = read_ahead_file();
  if (name == "fault_around_bytes") path = measure::debugfs() + "/fault_around_bytes";
  if (fs::exists(path) && path.size() < sizeof setting.path)
    std::strncpy(setting.path, path.c_str(), sizeof setting.path - 1);
  return setting;
}

/// "always [madvise] never" -> "madvise".
std::string value_now(const std::string& path) {
  std::string text = measure::read_file(path).value_or("");
  const auto open = text.find('[');
  if (open != std::string::npos) text = text.substr(open + 1, text.find(']') - open - 1);
  return text;
}

}  // namespace

KernelSettings::KernelSettings(const script::Program& program) {
  for (const std::string& name : program.settings) to_write_.push_back(find_setting(name));
  for (const script::Op& op : program.ops) {
    if (op.verb != script::Verb::Sysctl) continue;
    const child::Setting& setting = to_write_.at(op.file);
    if (setting.path[0] == '\0')
      throw Unsupported{program, op, "this machine has no setting " + program.settings[op.file]};
  }
  for (const child::Setting& setting : to_write_)
    remembered_.emplace_back(setting.path, value_now(setting.path));
}

KernelSettings::~KernelSettings() {
  for (const auto& [path, value] : remembered_)
    if (value_now(path) != value) std::ofstream{path} << value;
}

}  // namespace tools::run
