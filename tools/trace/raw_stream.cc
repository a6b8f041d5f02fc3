// Words of a thread's segments -> its calls, read where they were written.
#include "tools/trace/raw_stream.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstring>

namespace tools::trace {
namespace {

using wire::Call;
using wire::Tag;

constexpr std::uint32_t kCallocWords = 2;
constexpr std::uint32_t kCallWords = 4;
constexpr unsigned kWordBits = 64;
static_assert(kCallWords == wire::kLongestRecord);

Call short_call(Tag tag) {
  switch (tag) {
    case Tag::ReallocBegin:
      return Call::ReallocBegin;
    case Tag::ReallocEnd:
      return Call::ReallocEnd;
    default:
      return Call::Free;
  }
}

void give_back(wire::Area& area, std::uint32_t index) {
  wire::Segment& segment = area.segments[index];
  std::memset(segment.words, 0, sizeof(segment.words));
  segment.next.store(0, std::memory_order_relaxed);
  wire::push_free(area, index);
  area.header.freed.fetch_add(1);
  if (area.header.waiting.load() != 0 && area.header.waiting.exchange(0) != 0) {
    syscall(SYS_futex, &area.header.freed, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
  }
}

}  // namespace

void RawStream::decode() {
  while (!has_head_) {
    // First whether the word at hand gets no more, then the word.
    const bool followed = is_followed();
    const std::uint64_t first = at_ < wire::kSegmentWords ? word(at_) : 0;
    if (first == 0) {
      if (!next_segment()) return;
    } else if (malloc_open_ && (first & wire::kFreed) != 0) {
      emit_freed();
    } else if (malloc_open_) {
      if (!followed) return;
      malloc_open_ = false;
      ++at_;
    } else if (wire::tag_of(first) == Tag::Codes) {
      if (decode_code(first)) return;
      if (code_shift_ < kWordBits && !followed) return;
      code_shift_ = wire::kCodeBits;
      ++at_;
    } else {
      decode_record(first);
    }
  }
}

/// The next code of a word of them. False: it has no more.
bool RawStream::decode_code(std::uint64_t codes) {
  if (code_shift_ >= kWordBits) return false;
  const auto code = static_cast<wire::Code>(codes >> code_shift_ & 15);
  if (code == wire::Code{}) return false;
  code_shift_ += wire::kCodeBits;
  const std::uint64_t address = wire::address_of(last_malloc_);
  if (code != wire::Code::MallocAgain) return emit(Call::Free, 0, 0, address);
  return emit(Call::Malloc, wire::size_of(last_malloc_), 0, address);
}

/// Whether the owner wrote something after the word at hand.
bool RawStream::is_followed() const noexcept {
  if (at_ + 1 < wire::kSegmentWords && word(at_ + 1) != 0) return true;
  return area_->segments[segment_].next.load(std::memory_order_acquire) != 0;
}

/// Goes on to the owner's next segment when this one is read to its end.
bool RawStream::next_segment() {
  const std::uint32_t next = area_->segments[segment_].next.load(std::memory_order_acquire);
  if (next == 0 || next > wire::kSegments) return false;
  // The owner may have written here after the look that found nothing, and before it moved on.
  if (at_ < wire::kSegmentWords && word(at_) != 0) return true;
  give_back(*area_, segment_);
  segment_ = next - 1;
  at_ = 0;
  return true;
}

void RawStream::release() { give_back(*area_, segment_); }

void RawStream::decode_record(std::uint64_t first) {
  const Tag tag = wire::tag_of(first);
  if (tag == Tag::Malloc) {
    emit_malloc(first);
    return;
  }
  const std::uint32_t left = wire::kSegmentWords - at_;
  const std::uint64_t* record = area_->segments[segment_].words + at_;
  ++at_;
  if (tag == Tag::Epoch) {
    epoch_ = first >> 4;
  } else if (tag == Tag::Time) {
    time_ = first >> 4;
  } else if (tag == Tag::Call && left >= kCallWords) {
    const auto call = static_cast<Call>(first >> 4 & 0xff);
    if (call <= Call::MremapTo) emit(call, record[1], record[2], record[3]);
    at_ += kCallWords - 1;
  } else if (tag == Tag::Calloc && left >= kCallocWords) {
    emit(Call::Calloc, wire::size_of(first), record[1], wire::address_of(first));
    at_ += kCallocWords - 1;
  } else if (tag < Tag::Calloc) {
    emit(short_call(tag), wire::size_of(first), 0, wire::address_of(first));
  }
}

}  // namespace tools::trace
