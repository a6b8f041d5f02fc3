// KernelSettings: the kernel settings a script changes, put back when the run is over.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/run/child/shared.h"

namespace tools::run {

class KernelSettings {
 public:
  /// Remembers the value of every setting the program writes. Throws Unsupported for one this
  /// machine does not have.
  explicit KernelSettings(const script::Program& program);
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
