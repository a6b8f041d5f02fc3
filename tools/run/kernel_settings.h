// KernelSettings: the kernel settings a script changes, put back when the run is over.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/run/child/shared.h"

namespace tools::run {

/// Whether it is not the machine's but the run's own.
[[nodiscard]] bool is_memory_limit(const script::Program& program, const script::Op& op);
[[nodiscard]] bool limits_memory(const script::Program& program);

/// Merging equal pages: the folder of its settings.
inline constexpr const char* kKsmDirectory = "/sys/kernel/mm/ksm/";

class KernelSettings {
 public:
  /// Remembers the value of every setting the program writes. Throws Unsupported for one this
  /// machine does not have.
  /// `limit_file`: the memory cgroup's that the run is in; empty: it is in none.
  explicit KernelSettings(const script::Program& program, const std::string& limit_file = {});
  KernelSettings(const KernelSettings&) = delete;
  KernelSettings& operator=(const KernelSettings&) = delete;
  /// Puts the remembered values back.
  ~KernelSettings();

  /// What each sysctl operation writes, in the order of the program.
  [[nodiscard]] const std::vector<child::Setting>& to_write() const noexcept { return to_write_; }
  /// Each setting's file and the value it is given back.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& remembered()
      const noexcept {
    return remembered_;
  }

 private:
  std::vector<child::Setting> to_write_;
  std::vector<std::pair<std::string, std::string>> remembered_;
};

}  // namespace tools::run
