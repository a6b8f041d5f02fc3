// SwapArea: swap space of a test's own.
#pragma once

#include <string>

#include "tests/machine/caretaker.h"

namespace machine {

enum class SwapKind {
  Zram,  ///< reads and writes at once
  File   ///< on a disk: written later, by way of the swap cache
};

/// In use, before any other swap space, until it is destroyed.
class SwapArea {
 public:
  /// `directory`: where a file is made.
  SwapArea(SwapKind kind, const std::string& directory);

  /// Why there is none, a sentence; empty: it is in use.
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }

 private:
  void use_zram();
  void use_file(const std::string& directory);
  void use(const std::string& path);

  Caretaker caretaker_;
  std::string missing_;
};

}  // namespace machine
