// Words of a thread's segments -> its calls, read where they were written.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/trace/wire.h"

namespace tools::trace {

/// A call as its thread noted it. The short records' calls are told like the long ones.
struct RawCall {
  wire::Call call = wire::Call::Malloc;
  std::uint64_t epoch = 0;
  std::uint64_t n = 0;
  std::uint64_t m = 0;
  std::uint64_t address = 0;  ///< the result, or what was given up
  std::uint64_t time = 0;     ///< ns of CLOCK_MONOTONIC; 0: not noted
};

/// The calls of one slot's owner, in order. Gives segments back to the pool when they were read.
class RawStream {
 public:
  RawStream(wire::Area& area, std::uint32_t first_segment) noexcept
      : area_{&area}, segment_{first_segment} {}

  /// The next call, kept until pop(); null: none was published yet. Words that make no record (a
  /// signal handler allocated in the middle of a note) are skipped.
  [[nodiscard]] const RawCall* peek() {
    if (!has_head_ && !decode_common()) decode();
    return has_head_ ? &head_ : nullptr;
  }
  void pop() noexcept { has_head_ = false; }

  /// Gives the last segment back: the owner is gone, and peek() found nothing more.
  void release();

 private:
  /// Nearly every record is a short malloc or free.
  bool decode_common() {
    if (at_ + 1 >= wire::kSegmentWords) return false;
    if (malloc_open_) {
      const bool followed = word(at_ + 1) != 0;  // first: then the mark is there or never comes
      if ((word(at_) & wire::kFreed) != 0) return emit_freed();
      if (!followed) return false;
      malloc_open_ = false;
      if (++at_ + 1 >= wire::kSegmentWords) return false;
    }
    const std::uint64_t first = word(at_);
    const wire::Tag tag = wire::tag_of(first);
    if (tag == wire::Tag::Malloc) return emit_malloc(first);
    if (tag != wire::Tag::Free) return false;
    ++at_;
    return emit(wire::Call::Free, 0, 0, wire::address_of(first));
  }
  bool emit(wire::Call call, std::uint64_t n, std::uint64_t m, std::uint64_t address) noexcept {
    head_ = {.call = call, .epoch = epoch_, .n = n, .m = m, .address = address, .time = time_};
    return has_head_ = true;
  }
  bool emit_malloc(std::uint64_t record) noexcept {
    last_malloc_ = record & ~wire::kFreed;
    malloc_open_ = true;
    return emit(wire::Call::Malloc, wire::size_of(record), 0, wire::address_of(record));
  }
  bool emit_freed() noexcept {
    malloc_open_ = false;
    ++at_;
    return emit(wire::Call::Free, 0, 0, wire::address_of(last_malloc_));
  }
  void decode();
  void decode_record(std::uint64_t word);
  bool decode_code(std::uint64_t word);
  [[nodiscard]] bool is_followed() const noexcept;
  bool next_segment();
  [[nodiscard]] std::uint64_t word(std::size_t i) const noexcept {
    return std::atomic_ref{area_->segments[segment_].words[i]}.load(std::memory_order_acquire);
  }

  wire::Area* area_;
  std::uint32_t segment_;
  std::uint32_t at_ = 0;
  unsigned code_shift_ = wire::kCodeBits;  ///< of the next code, in a word of codes
  std::uint64_t last_malloc_ = 0;
  bool malloc_open_ = false;  ///< the malloc at hand was told; it may yet be marked as freed
  std::uint64_t epoch_ = 0;
  std::uint64_t time_ = 0;
  bool has_head_ = false;
  RawCall head_;
};

}  // namespace tools::trace
