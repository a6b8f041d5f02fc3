// PerfEvents: what one processor tells of one run.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tools/compare/perf_record.h"
#include "tools/compare/perf_ring.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

class PerfEvents {
 public:
  /// Of `program` from its next execve on, and all that it starts, into `ring`. Throws
  /// std::system_error where the kernel refuses.
  PerfEvents(pid_t program, const PerfRing& ring, const PerfLayout& layout);

  /// Nothing more happens. What has can still be read.
  void close() noexcept;
  /// Appends what `taken` of the ring tells; returns how many samples were lost.
  std::uint64_t read(std::span<const std::byte> taken, std::vector<StreamEvent>& events) const;

 private:
  /// An event, and how its samples are known.
  struct Source {
    run::OwnedFd event;
    std::uint64_t id = 0;
  };

  [[nodiscard]] static Source open(const perf_event_attr& attr, pid_t program,
                                   const PerfRing& ring);
  /// None: it is a sample of another kind.
  [[nodiscard]] std::optional<Presence> exception(std::uint64_t id, const std::byte* begin,
                                                  const std::byte* end) const;
  void add_exception(StreamFault& fault, const Presence& exception) const;

  PerfLayout layout_;
  Source minor_, major_, presence_, user_trace_, kernel_trace_;  ///< id 0: was not asked for
};

}  // namespace tools::compare
