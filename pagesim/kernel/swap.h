// Swap: pages outside memory, and the swap cache: those on their way out or in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "pagesim/hardware/physical_memory.h"

namespace pagesim::kernel {

using hardware::FrameNumber;

/// A page's place on the swap device.
enum class SwapSlot : std::uint64_t {};

/// Counts, for each slot, the page-table entries that name it. The page of a slot is on the device,
/// in memory (in the swap cache), or both; bytes live where it was last. A frame in the cache is
/// kept until it leaves the cache.
class Swap {
 public:
  explicit Swap(hardware::PhysicalMemory& memory, const hardware::Geometry& geometry) noexcept
      : memory_{memory}, page_size_{geometry.page_size()}, page_shift_{geometry.page_shift} {}

  /// A slot nobody refers to yet.
  [[nodiscard]] SwapSlot allocate();
  /// One more entry names the slot.
  void duplicate(SwapSlot slot) noexcept { ++at(slot).count; }
  /// One fewer does. With the last one the slot is free, unless its page is in the cache and
  /// mapped.
  void release(SwapSlot slot);
  [[nodiscard]] std::uint32_t count(SwapSlot slot) const noexcept { return at(slot).count; }

  /// The frame of a slot's page in memory.
  [[nodiscard]] std::optional<FrameNumber> cached(SwapSlot slot) const noexcept;
  /// The slot of a frame in the cache.
  [[nodiscard]] SwapSlot slot_of(FrameNumber frame) const { return slots_of_.at(frame); }
  void add_to_cache(SwapSlot slot, FrameNumber frame, bool read_ahead = false);
  /// Takes a frame out of the cache, its bytes to the device if an entry still names the slot. The
  /// frame is freed if nobody maps it.
  void delete_from_cache(FrameNumber frame);
  /// folio_free_swap: leaves the cache if no entry names the slot any more. Whether it is out.
  bool try_to_free(FrameNumber frame);
  /// The slot is of a page others were merged into (KSM): it is read for the first that comes, each
  /// other gets a copy. Forgotten when the slot is free.
  void set_merged(SwapSlot slot) noexcept { at(slot).merged = true; }
  [[nodiscard]] bool is_merged(SwapSlot slot) const noexcept { return at(slot).merged; }
  /// Copies the page from the device.
  void read(SwapSlot slot, FrameNumber frame);
  /// Bytes of the page, wherever it is; it stays there.
  void peek(SwapSlot slot, std::size_t offset, std::byte* to, std::size_t n) const;
  /// Whether the page was read before anybody asked; asking takes the mark away.
  [[nodiscard]] bool take_readahead_mark(SwapSlot slot) noexcept;
  [[nodiscard]] bool exists(SwapSlot slot) const noexcept {
    return static_cast<std::uint64_t>(slot) < slots_.size() && at(slot).count != 0;
  }

  /// What reading clusters of slots remembers.
  struct ClusterHistory {
    std::uint64_t previous_slot = std::uint64_t{1} << 62;  ///< at first no neighbour of any
    unsigned last_window = 0;
    unsigned hits = 0;
  };
  ClusterHistory history;

 private:
  struct Page {
    std::uint32_t count = 0;
    bool read_ahead = false;
    bool nonzero = false;
    bool merged = false;
    std::optional<FrameNumber> frame;
    std::vector<std::byte> bytes;  ///< empty: without contents
  };

  [[nodiscard]] Page& at(SwapSlot slot) noexcept {
    return slots_[static_cast<std::uint64_t>(slot)];
  }
  [[nodiscard]] const Page& at(SwapSlot slot) const noexcept {
    return slots_[static_cast<std::uint64_t>(slot)];
  }
  [[nodiscard]] PhysAddr address(FrameNumber frame) const noexcept {
    return PhysAddr{std::uint64_t{static_cast<std::uint32_t>(frame)} << page_shift_};
  }
  void write(Page& page, FrameNumber frame);
  void free_slot(SwapSlot slot);

  hardware::PhysicalMemory& memory_;
  std::size_t page_size_;
  unsigned page_shift_;
  std::vector<Page> slots_;
  std::vector<SwapSlot> free_;
  std::unordered_map<FrameNumber, SwapSlot> slots_of_;
};

}  // namespace pagesim::kernel
