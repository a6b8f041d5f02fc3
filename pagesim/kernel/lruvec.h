// Lruvec: pages in the order in which they came, those found in use apart from the others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pagesim/hardware/physical_memory.h"

namespace pagesim::kernel {

using hardware::FrameNumber;

/// Where a page waits for its turn to be reclaimed. Shared memory is among the private pages: both
/// go to swap.
enum class LruList : std::uint8_t { None, InactiveAnon, ActiveAnon, InactiveFile, ActiveFile };
inline constexpr std::size_t kLruLists = static_cast<std::size_t>(LruList::ActiveFile) + 1;

/// A frame is on one list or none. Frames that were freed stay until somebody looks at them.
class Lruvec {
 public:
  /// The frame becomes the newest of a list, and leaves the one it was on.
  void add(LruList list, FrameNumber frame);
  void remove(FrameNumber frame);
  /// The one that has been on the list longest; none if it is empty.
  [[nodiscard]] hardware::MaybeFrame oldest(LruList list) const noexcept;
  /// The list of two whose oldest page came there first; None if both are empty.
  [[nodiscard]] LruList older(LruList a, LruList b) const noexcept;
  [[nodiscard]] std::size_t size(LruList list) const noexcept { return ends(list).size; }
  [[nodiscard]] std::size_t size() const noexcept;
  /// Takes away the frames a predicate holds of.
  template <class Unwanted>
  void remove_if(Unwanted&& unwanted) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].list != LruList::None && unwanted(FrameNumber{i})) remove(FrameNumber{i});
  }

  /// Whether a file's page was found in use once already (PG_referenced); a frame that comes onto a
  /// list for the first time was not.
  [[nodiscard]] bool is_referenced(FrameNumber frame) const noexcept {
    return nodes_[index(frame)].referenced;
  }
  void set_referenced(FrameNumber frame, bool on) noexcept { nodes_[index(frame)].referenced = on; }

 private:
  struct Node {
    std::uint32_t newer = 0;
    std::uint32_t older = 0;
    std::uint64_t came = 0;  ///< onto the list, as a number in the order of all that came
    LruList list = LruList::None;
    bool referenced = false;
  };
  struct Ends {
    std::uint32_t newest = 0;
    std::uint32_t oldest = 0;
    std::size_t size = 0;
  };

  [[nodiscard]] static std::uint32_t index(FrameNumber frame) noexcept {
    return static_cast<std::uint32_t>(frame);
  }
  [[nodiscard]] Ends& ends(LruList list) noexcept { return ends_[static_cast<std::size_t>(list)]; }
  [[nodiscard]] const Ends& ends(LruList list) const noexcept {
    return ends_[static_cast<std::size_t>(list)];
  }

  std::vector<Node> nodes_;  ///< by frame
  std::array<Ends, kLruLists> ends_;
  std::uint64_t additions_ = 0;
};

}  // namespace pagesim::kernel
