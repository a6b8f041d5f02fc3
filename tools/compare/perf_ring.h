// PerfRing: the buffer to which the kernel writes one processor's events, kept over runs.
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "tools/compare/taken_bytes.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

/// Belongs to an event that never happens, so that the events of one run after another can be sent
/// to it: making a ring takes as long as a small program runs.
class PerfRing {
 public:
  /// Throws std::system_error where the kernel refuses.
  explicit PerfRing(int processor);
  ~PerfRing();
  PerfRing(const PerfRing&) = delete;
  PerfRing& operator=(const PerfRing&) = delete;

  [[nodiscard]] int processor() const noexcept { return processor_; }
  /// To send other events of this processor here (PERF_EVENT_IOC_SET_OUTPUT), and to wait by.
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  /// Reads every page, so that no later read faults.
  void touch() const noexcept;
  /// Takes what the kernel has written.
  void drain();
  /// Drops what was written.
  void clear();
  /// What was drained since it was cleared: whole records, in the order of their writing.
  [[nodiscard]] TakenBytes take();
  /// Memory of what was taken, for what will be. Any thread may call it.
  void give_back(TakenBytes taken);

 private:
  int processor_;
  run::OwnedFd event_;
  perf_event_mmap_page* control_ = nullptr;
  std::size_t size_ = 0;
  TakenBytes taken_;
  std::mutex lock_;  ///< for the next one
  std::vector<TakenBytes> spare_;
};

/// One for each processor that is on. Throws std::system_error where there are no perf events.
using PerfRings = std::vector<std::unique_ptr<PerfRing>>;
[[nodiscard]] PerfRings make_rings();

}  // namespace tools::compare
