// ProcStatus: the resident set as /proc/self/status tells it, read without allocating.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pagesim/ledger.h"

namespace tools::measure {

/// The value of a line "Name:   123 kB" of /proc/PID/status in bytes; -1: no such line.
[[nodiscard]] std::int64_t status_bytes(const char* text, std::size_t size,
                                        const char* name) noexcept;

/// An open /proc/self/status. After a fork the child opens its own. Plain data.
class ProcStatus {
 public:
  int open() noexcept;
  void close() noexcept;
  [[nodiscard]] pagesim::Rss rss() noexcept;
  /// VmHWM: the most bytes that ever were resident.
  [[nodiscard]] std::int64_t peak_rss() noexcept;
  /// VmRSS.
  [[nodiscard]] std::int64_t resident() noexcept;

 private:
  void read() noexcept;

  int fd_ = -1;
  std::size_t size_ = 0;
  char text_[4096] = {};
};

}  // namespace tools::measure
