// Finding, remembering and putting back kernel settings.
#include "tools/run/kernel_settings.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/measure/kernel_file_system.h"
#include "tools/measure/rights.h"
#include "tools/run/runner.h"
#include "tools/run/running_kernel.h"
#include "tools/run/sim/settings.h"

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

child::Setting find_setting(const std::string& name, const std::string& limit_file) {
  child::Setting setting;
  std::string path;
  if (name == sim::kMemoryLimit) path = limit_file;
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

bool is_memory_limit(const script::Program& program, const script::Op& op) {
  return op.verb == script::Verb::Sysctl && program.settings[op.file] == sim::kMemoryLimit;
}

bool limits_memory(const script::Program& program) {
  return std::any_of(program.ops.begin(), program.ops.end(),
                     [&](const script::Op& op) { return is_memory_limit(program, op); });
}

KernelSettings::KernelSettings(const script::Program& program, const std::string& limit_file) {
  for (const std::string& name : program.settings)
    to_write_.push_back(find_setting(name, limit_file));
  for (const script::Op& op : program.ops) {
    if (op.verb != script::Verb::Sysctl) continue;
    const child::Setting& setting = to_write_.at(op.file);
    if (setting.path[0] == '\0' && is_memory_limit(program, op))
      throw Unsupported{program, op,
                        "a limit needs a memory cgroup of the run's own (root, and a cgroup file "
                        "system that can be written)"};
    if (setting.path[0] == '\0')
      throw Unsupported{program, op, "this machine has no setting " + program.settings[op.file]};
  }
  for (const child::Setting& setting : to_write_)
    if (setting.path != limit_file) remembered_.emplace_back(setting.path, value_now(setting.path));
  if (!program.has(script::Verb::KsmScan)) return;
  for (const char* file : {"pages_to_scan", "sleep_millisecs", "smart_scan", "run"})
    remembered_.emplace_back(std::string{kKsmDirectory} + file,
                             value_now(std::string{kKsmDirectory} + file));
}

KernelSettings::~KernelSettings() {
  for (const auto& [path, value] : remembered_)
    if (!value.empty() && value_now(path) != value) std::ofstream{path} << value;
}

}  // namespace tools::run
