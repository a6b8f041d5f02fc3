// LoopDisk: a small ext4 file system on a loop device of a test's own.
#pragma once

#include <string>

#include "tests/machine/caretaker.h"

namespace machine {

/// Mounted in a mount namespace that only this process and its children have, so nothing of it is
/// left when they are gone. $TMPDIR names it from now on. At most one a process, before it has
/// threads.
class LoopDisk {
 public:
  /// `read_ahead_kb`: of its device.
  explicit LoopDisk(unsigned read_ahead_kb);

  /// Why there is none, a sentence; empty: it is there.
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }

 private:
  [[nodiscard]] std::string make(unsigned read_ahead_kb);

  Caretaker caretaker_;
  std::string missing_;
};

}  // namespace machine
