// Fault trials: each kind of fault made to happen many times in a fresh process, and timed.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

namespace tools::measure {

/// Nanoseconds a fault, in the trial's own order; a trial has one to four figures.
using TrialTimes = std::array<double, 4>;
/// Nothing: the faults meant did not happen (no huge pages to be had, no disk to read from).
using Trial = std::function<std::optional<TrialTimes>()>;

/// Runs a trial in a process that has done nothing else, without the warm frames.
[[nodiscard]] std::optional<TrialTimes> in_fresh_process(const Trial& trial);

// One figure: the time of touching pages, less that of touching them again, divided by the faults
// that getrusage counted.
[[nodiscard]] std::optional<TrialTimes> first_touch();
[[nodiscard]] std::optional<TrialTimes> zero_read();
[[nodiscard]] std::optional<TrialTimes> zero_upgrade();
[[nodiscard]] std::optional<TrialTimes> cow_copy();
[[nodiscard]] std::optional<TrialTimes> cow_reuse();
[[nodiscard]] std::optional<TrialTimes> stack_growth();
[[nodiscard]] std::optional<TrialTimes> shmem_new();
[[nodiscard]] std::optional<TrialTimes> shared_write();
[[nodiscard]] std::optional<TrialTimes> huge();
[[nodiscard]] std::optional<TrialTimes> huge_zero_read();

/// First touches of so many pages whose frames were given back just before, for the third time: the
/// kernel keeps more of them at hand the oftener they come and go.
inline constexpr std::array<std::size_t, 4> kRecycledPages = {256, 512, 1024, 4096};
[[nodiscard]] std::optional<TrialTimes> recycled();

/// Populating for reads, a page: of pages that are absent, then of pages that are present.
[[nodiscard]] std::optional<TrialTimes> populate();

/// A file of a few MiB in a folder, each page written by itself, and gone from its folder.
class TrialFile {
 public:
  explicit TrialFile(const std::string& folder);
  TrialFile(const TrialFile&) = delete;
  TrialFile& operator=(const TrialFile&) = delete;
  ~TrialFile();

  [[nodiscard]] std::optional<TrialTimes> fault_around() const;
  [[nodiscard]] std::optional<TrialTimes> file_cow() const;
  [[nodiscard]] std::optional<TrialTimes> mkwrite() const;
  /// Reads of single pages that are on the disk alone; the second figure is the part of it that the
  /// process slept.
  [[nodiscard]] std::optional<TrialTimes> major() const;

 private:
  int fd_ = -1;
  bool whole_ = false;
};

}  // namespace tools::measure
