// The recording library's log: how a thread writes a call into its ring.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/trace/wire.h"

/// Runs inside an unmodified program and within its allocator calls: allocates nothing, calls no
/// function that could, leaves errno alone.
namespace tools::trace::preload {

// Values of code_shift that are none.
inline constexpr unsigned kClosed = 64;      ///< the word before `at` takes no codes
inline constexpr unsigned kMallocOpen = 65;  ///< it is `last_malloc`, not marked as freed

/// What a thread keeps at hand. All zero: nothing was recorded yet.
struct ThreadLog {
  std::uint64_t* at = nullptr;     ///< where the next word goes
  std::uint64_t* limit = nullptr;  ///< from here on there is something to do first, see turn()
  std::uint64_t epoch = 0;
  std::uint64_t last_malloc = 0;  ///< the last Tag::Malloc record
  unsigned code_shift = kClosed;  ///< where the next code goes in the word before `at`
  wire::Segment* segment = nullptr;
  wire::Slot* slot = nullptr;
  std::uint64_t fork_token = 0;  ///< while this thread is in fork
  std::uint32_t process = wire::kNone;
  bool busy = false;  ///< in turn(): a call made there is not recorded
  bool lost = false;  ///< no slot was free for it: none of its calls is recorded
};

/// What a forked child must not take over; the kernel hands it a zeroed page.
struct ProcessState {
  wire::Area* area = nullptr;
  std::uint32_t joining = 0;
};

inline constexpr std::size_t kStateBytes = 65536;  // a page, on every machine
union alignas(kStateBytes) ProcessPage {
  ProcessState state;
  char bytes[kStateBytes];
};

// Both are constinit; the check does not see it.
extern constinit thread_local ThreadLog
    thread_log;  // NOLINT(bugprone-dynamic-static-initializers): see above
extern constinit ProcessPage
    process_page;  // NOLINT(bugprone-dynamic-static-initializers): see above

/// Whether each record is told the time of; decided before the first.
extern constinit bool timed;  // NOLINT(bugprone-dynamic-static-initializers): as above

/// ns of CLOCK_MONOTONIC, the clock of perf's events.
[[nodiscard]] std::uint64_t now() noexcept;

/// Notes the time of the record that comes next.
[[gnu::cold]] void put_time(ThreadLog& log) noexcept;

/// The slow way: joins the recording, claims a slot, notes a new epoch, waits for room. False: the
/// call is not to be recorded.
[[gnu::cold]] bool turn(ThreadLog& log) noexcept;

/// A record of any call.
void put_call(ThreadLog& log, wire::Call call, std::uint64_t n, std::uint64_t m,
              std::uint64_t result) noexcept;

/// Whether there is room for a record; asks turn() when there is something to do first.
[[gnu::always_inline]] inline bool has_room(ThreadLog& log) noexcept {
  const wire::Area* area = process_page.state.area;
  if (area != nullptr && area->header.epoch.load(std::memory_order_relaxed) == log.epoch &&
      log.at < log.limit) [[likely]] {
    return true;
  }
  return turn(log);
}

/// Whether a record may be written now. It must be, then: its time may be noted already.
[[gnu::always_inline]] inline bool ready(ThreadLog& log) noexcept {
  if (!has_room(log)) [[unlikely]]
    return false;
  if (timed) [[unlikely]]
    put_time(log);
  return true;
}

/// Publishes a record: its first word, when the others stand.
[[gnu::always_inline]] inline void publish(std::uint64_t* at, std::uint64_t word) noexcept {
  std::atomic_ref<std::uint64_t>{*at}.store(word, std::memory_order_release);
}

[[gnu::always_inline]] inline void put(ThreadLog& log, std::uint64_t word) noexcept {
  std::uint64_t* at = log.at;
  log.at = at + 1;
  log.code_shift = kClosed;
  publish(at, word);
}

[[gnu::always_inline]] inline void put_code(ThreadLog& log, wire::Code code) noexcept {
  const auto bits = static_cast<std::uint64_t>(code);
  const unsigned shift = log.code_shift;
  if (shift < kClosed) [[likely]] {
    log.code_shift = shift + wire::kCodeBits;
    publish(log.at - 1, log.at[-1] | bits << shift);
  } else {
    put(log, static_cast<std::uint64_t>(wire::Tag::Codes) | bits << wire::kCodeBits);
    log.code_shift = 2 * wire::kCodeBits;
  }
}

inline void put_calloc(ThreadLog& log, std::uint64_t word, std::uint64_t count) noexcept {
  std::uint64_t* at = log.at;
  log.at = at + 2;
  log.code_shift = kClosed;
  at[1] = count;
  publish(at, word);
}

[[gnu::always_inline]] inline void note_malloc(std::uint64_t n, const void* address) noexcept {
  ThreadLog& log = thread_log;
  if (!ready(log)) [[unlikely]]
    return;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (n >= wire::kShortSizes || !wire::fits(at)) [[unlikely]] {
    return put_call(log, wire::Call::Malloc, n, 0, at);
  }
  const std::uint64_t word = wire::short_word(wire::Tag::Malloc, n, at);
  if (word == log.last_malloc) return put_code(log, wire::Code::MallocAgain);
  log.last_malloc = word;
  put(log, word);
  log.code_shift = kMallocOpen;
}

[[gnu::always_inline]] inline void note_free(const void* address) noexcept {
  ThreadLog& log = thread_log;
  if (!ready(log)) [[unlikely]]
    return;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (at == wire::address_of(log.last_malloc)) {
    if (log.code_shift != kMallocOpen) return put_code(log, wire::Code::FreeLast);
    log.code_shift = kClosed;
    return publish(log.at - 1, log.last_malloc | wire::kFreed);
  }
  if (!wire::fits(at)) [[unlikely]]
    return put_call(log, wire::Call::Free, 0, 0, at);
  put(log, wire::short_word(wire::Tag::Free, 0, at));
}

inline void note(wire::Call call, std::uint64_t n, std::uint64_t m, std::uint64_t result) noexcept {
  if (ready(thread_log)) put_call(thread_log, call, n, m, result);
}

/// realloc's two halves.
inline void note_realloc(wire::Tag tag, wire::Call call, std::uint64_t n,
                         const void* address) noexcept {
  ThreadLog& log = thread_log;
  if (!ready(log)) [[unlikely]]
    return;
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  if (n < wire::kShortSizes && wire::fits(at)) [[likely]] {
    put(log, wire::short_word(tag, n, at));
  } else {
    put_call(log, call, n, 0, at);
  }
}

}  // namespace tools::trace::preload
