// Swap: slots and the swap cache.
#include "pagesim/kernel/swap.h"

#include <algorithm>
#include <utility>

#include "pagesim/check.h"

namespace pagesim::kernel {

namespace flag = hardware::frame_flag;

SwapSlot Swap::allocate() {
  if (free_.empty()) {
    slots_.emplace_back();
    return SwapSlot{slots_.size() - 1};
  }
  const SwapSlot slot = free_.back();
  free_.pop_back();
  return slot;
}

void Swap::free_slot(SwapSlot slot) {
  at(slot) = {};
  free_.push_back(slot);
}

void Swap::release(SwapSlot slot) {
  Page& page = at(slot);
  check(page.count > 0, "a swap slot that is released was counted");
  if (--page.count != 0) return;
  if (!page.frame)
    free_slot(slot);
  else if (memory_.record(*page.frame).mapcount == 0)
    delete_from_cache(*page.frame);
}

std::optional<FrameNumber> Swap::cached(SwapSlot slot) const noexcept { return at(slot).frame; }

void Swap::add_to_cache(SwapSlot slot, FrameNumber frame, bool read_ahead) {
  at(slot).frame = frame;
  at(slot).read_ahead = read_ahead;
  slots_of_[frame] = slot;
  memory_.record(frame).set(flag::SwapCache);
}

void Swap::delete_from_cache(FrameNumber frame) {
  const SwapSlot slot = slot_of(frame);
  slots_of_.erase(frame);
  Page& page = at(slot);
  page.frame.reset();
  page.read_ahead = false;
  if (page.count == 0)
    free_slot(slot);
  else
    write(page, frame);
  hardware::FrameRecord& record = memory_.record(frame);
  record.clear(flag::SwapCache);
  if (record.mapcount == 0) memory_.free(frame);
}

bool Swap::try_to_free(FrameNumber frame) {
  if (!memory_.record(frame).has(flag::SwapCache)) return true;
  if (count(slot_of(frame)) != 0) return false;
  delete_from_cache(frame);
  return true;
}

void Swap::write(Page& page, FrameNumber frame) {
  const hardware::FrameRecord& record = memory_.record(frame);
  page.nonzero = record.has(flag::Nonzero);
  page.bytes.clear();
  if (record.content == 0) return;
  page.bytes.resize(page_size_);
  memory_.read(address(frame), page.bytes.data(), page_size_);
}

void Swap::read(SwapSlot slot, FrameNumber frame) {
  const Page& page = at(slot);
  if (!page.bytes.empty())
    memory_.write(address(frame), page.bytes.data(), page_size_);
  else if (page.nonzero)
    memory_.record(frame).set(flag::Nonzero);
}

void Swap::peek(SwapSlot slot, std::size_t offset, std::byte* to, std::size_t n) const {
  const Page& page = at(slot);
  if (page.frame) return memory_.read(PhysAddr{address(*page.frame).raw() + offset}, to, n);
  if (page.bytes.empty()) {
    std::fill_n(to, n, std::byte{});
  } else {
    std::copy_n(page.bytes.begin() + static_cast<std::ptrdiff_t>(offset), n, to);
  }
}

bool Swap::take_readahead_mark(SwapSlot slot) noexcept {
  return std::exchange(at(slot).read_ahead, false);
}

}  // namespace pagesim::kernel
