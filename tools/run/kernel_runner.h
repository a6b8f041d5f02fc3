// KernelRunner: runs programs for real, on the kernel this program runs on.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/run/runner.h"

namespace tools::run {

struct KernelOptions {
  /// "ptmalloc" or "faultline" (ours, in the measured process), "glibc" (the C library's),
  /// "jemalloc", "mimalloc", "tcmalloc", or the path of a library to preload.
  std::string allocator = "ptmalloc";
  /// Count and locate each operation's faults. Off: the operations run back to back and only
  /// totals, seconds and the largest resident set are filled.
  bool measure_each = true;
  bool with_causes = true;
  /// Nothing but the time of the program's own accesses, OpOutcome::fault_ns: each runs twice.
  /// Faults are counted, and neither located nor slowed down by looking.
  bool time_accesses = false;
  /// After an operation that waited for the disk, reads that the kernel started on its own are
  /// given time to end.
  bool rest_after_major = true;
  /// Lines `sysctl` change a setting of the whole machine until the run ends; without this they are
  /// refused.
  bool allow_sysctl = false;
  std::vector<std::string> environment{};  ///< "NAME=VALUE", besides or instead of our own
  std::optional<std::chrono::milliseconds> time_limit = std::chrono::minutes{5};
  /// Called with the number of the program's first process once all operations have run; its
  /// processes wait, and end when it returns. Must not throw. Empty: they end at once.
  std::function<void(int)> at_end{};
};

/// Throws std::runtime_error, with one sentence, when the allocator cannot be had, the child hangs
/// or dies of itself; Unsupported for an operation this machine cannot run.
class KernelRunner final : public Runner {
 public:
  explicit KernelRunner(KernelOptions options = {});

  [[nodiscard]] RunOutcome run(const script::Program& program, const RunOptions& options) override;
  [[nodiscard]] std::string name() const override { return "this kernel"; }

 private:
  KernelOptions options_;
};

}  // namespace tools::run
