// FaultEvents: one thread's page faults as perf saw them, with byte address and error code.
#pragma once

#include <cstddef>
#include <cstdint>

#include <linux/perf_event.h>

namespace tools::measure {

/// One page fault. Pairs up to three samples: the tracepoint (error code), PAGE_FAULTS, and
/// PAGE_FAULTS_MIN or _MAJ, in this order (spec/linux-faults section 0).
struct FaultEvent {
  enum class Counted : std::uint8_t { No, Minor, Major };

  std::uint64_t address = 0;
  std::uint64_t instruction_pointer = 0;
  std::uint64_t time_ns = 0;     ///< CLOCK_MONOTONIC, when it was taken
  std::int32_t error_code = -1;  ///< -1: no tracepoint told it
  Counted counted = Counted::No;
  bool kernel_mode = false;
};

/// What to open. A tracepoint id of 0 leaves it out.
struct FaultSources {
  std::uint32_t user_tracepoint = 0;    ///< id of exceptions:page_fault_user
  std::uint32_t kernel_tracepoint = 0;  ///< id of exceptions:page_fault_kernel
  std::uint32_t address_offset = 8;     ///< of `address` in the tracepoint's record
  std::uint32_t error_code_offset = 24;
  std::uint32_t ring_pages = 128;  ///< a power of two
  std::uint64_t ring_at = 0;       ///< where to map the ring; 0: anywhere
};

/// Opened by a thread for itself; not inherited. Allocates nothing and uses no C library, so that
/// it can run inside the measured process. Plain data: close() is called by hand.
class FaultEvents {
 public:
  /// 0, or the errno perf_event_open or mmap gave. Kernel-mode faults are left out where the kernel
  /// refuses them, tracepoints where they cannot be had: see kernel_mode(), error_codes().
  int open(const FaultSources& sources) noexcept;
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return control_ != nullptr; }
  [[nodiscard]] bool kernel_mode() const noexcept { return kernel_mode_; }
  [[nodiscard]] bool error_codes() const noexcept { return error_codes_; }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

  /// Reads every page of the ring, so that no later read faults.
  void touch() const noexcept;
  /// Drops what is in the ring.
  void skip() noexcept;
  [[nodiscard]] bool has_events() const noexcept;
  [[nodiscard]] bool half_full() const noexcept;

  /// Hands every complete fault in the ring to `sink(const FaultEvent&)`. With `finish`, a fault
  /// that no MIN or MAJ sample followed is complete too: it ended in a signal.
  template <class Sink>
  void drain(Sink&& sink, bool finish = true) noexcept {
    FaultEvent event;
    while (next(event)) sink(event);
    if (finish && take_pending(event)) sink(event);
  }

 private:
  enum class Source : std::uint8_t { None, Faults, Minor, Major, UserTrace, KernelTrace };

  int open_one(std::uint32_t type, std::uint64_t config, bool raw, Source source) noexcept;
  void open_tracepoints(const FaultSources& sources) noexcept;
  [[nodiscard]] bool next(FaultEvent& event) noexcept;
  [[nodiscard]] bool take_sample(std::uint64_t at, std::uint32_t size, bool kernel,
                                 FaultEvent& event) noexcept;
  [[nodiscard]] bool take_pending(FaultEvent& event) noexcept;
  void take_trace(std::uint64_t raw_at, bool kernel) noexcept;
  template <class T>
  [[nodiscard]] T read(std::uint64_t at) const noexcept;

  static constexpr int kSources = 6;
  perf_event_mmap_page* control_ = nullptr;
  const unsigned char* data_ = nullptr;
  std::uint64_t data_size_ = 0;
  int fds_[kSources] = {-1, -1, -1, -1, -1, -1};
  std::uint64_t ids_[kSources] = {};
  std::uint32_t address_offset_ = 0;
  std::uint32_t error_code_offset_ = 0;
  std::uint64_t lost_ = 0;
  FaultEvent pending_;
  bool has_pending_ = false;
  std::uint64_t trace_address_ = 0;
  std::int32_t trace_error_ = -1;
  bool kernel_mode_ = false;
  bool error_codes_ = false;
};

}  // namespace tools::measure
