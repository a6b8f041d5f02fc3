// PerfRing: one processor's events and the buffer the kernel writes them to.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/compare/perf_record.h"
#include "tools/compare/taken_bytes.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

class PerfRing {
 public:
  /// Throws std::system_error where the kernel refuses.
  PerfRing(pid_t program, int processor, const PerfLayout& layout);
  ~PerfRing();
  PerfRing(const PerfRing&) = delete;
  PerfRing& operator=(const PerfRing&) = delete;

  [[nodiscard]] int fd() const noexcept { return minor_.get(); }
  /// Takes what the kernel has written.
  void drain();
  /// Appends what was taken; returns how many samples were lost.
  std::uint64_t read(std::vector<StreamEvent>& events) const;

 private:
  void open_and_map(pid_t program, int processor);
  void open_traces(pid_t program, int processor);
  /// None: it is a sample of another kind.
  [[nodiscard]] std::optional<Presence> exception(std::uint64_t id, const std::byte* begin,
                                                  const std::byte* end) const;
  void add_exception(StreamFault& fault, const Presence& exception) const;
  /// Sends another event's samples here; returns its identifier.
  std::uint64_t join(const run::OwnedFd& event) const;

  PerfLayout layout_;
  run::OwnedFd minor_, major_, presence_, user_trace_, kernel_trace_;
  std::uint64_t major_id_ = 0, presence_id_ = 0, user_trace_id_ = 0, kernel_trace_id_ = 0;
  perf_event_mmap_page* control_ = nullptr;
  std::size_t size_ = 0;
  TakenBytes taken_;
};

}  // namespace tools::compare
