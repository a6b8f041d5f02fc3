// Cost: what a fault takes, in time, as measured on one machine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pagesim/ledger.h"

namespace pagesim {

/// Faults that do the same work, each kind measured by itself.
enum class FaultKind : std::uint8_t {
  FirstTouch,    ///< a zeroed frame
  ZeroRead,      ///< the zero page
  ZeroUpgrade,   ///< a zeroed frame in the zero page's place
  CowCopy,       ///< a frame and a copy
  CowReuse,      ///< permission alone
  StackGrowth,   ///< a longer area, a zeroed frame
  FaultAround,   ///< sixteen cached pages of a file
  FileCow,       ///< a frame and a copy of a cached page
  SharedWrite,   ///< a cached page of a file, mapped writable
  Mkwrite,       ///< permission, once the file system has been told
  ShmemNew,      ///< a zeroed frame in the page cache
  Huge,          ///< a zeroed huge page
  HugeZeroRead,  ///< the huge zero page
  Major          ///< a page from the disk
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::Major) + 1;
[[nodiscard]] std::string_view to_string(FaultKind kind) noexcept;
/// The kind that does what the fault did; nothing where none was measured: swap, hugetlb, a copy of
/// a huge page, NUMA hints, signals, faults of unknown cause.
[[nodiscard]] std::optional<FaultKind> kind_of(const FaultRecord& fault) noexcept;
/// Whether the fault takes a frame that the process did not have.
[[nodiscard]] bool takes_frame(FaultKind kind) noexcept;

/// The twelve steps of a fault. A minor one skips those of the disk: StartTheRead to WhichDisk, and
/// WaitForTheCpu.
enum class FaultStep : std::uint8_t {
  Trap,
  SaveState,
  IsItAFault,
  FindThePage,
  StartTheRead,
  OthersRun,
  IoInterrupt,
  SaveTheOther,
  WhichDisk,
  FixTheTables,
  WaitForTheCpu,
  RestoreAndRerun
};
inline constexpr std::size_t kFaultSteps = static_cast<std::size_t>(FaultStep::RestoreAndRerun) + 1;
[[nodiscard]] std::string_view to_string(FaultStep step) noexcept;
/// Steps that were measured in one piece and share its time alike.
[[nodiscard]] bool is_of_the_exception(FaultStep step) noexcept;
/// Steps of other processes while this one waits: their time lies within that of OthersRun.
[[nodiscard]] bool is_within_the_wait(FaultStep step) noexcept;

/// Nanoseconds: the median of several measurements, and half of what their middle half spans.
struct Figure {
  double ns = 0;
  double spread = 0;
};

/// Where the frame that a fault takes was before.
struct FrameHistory {
  bool recycled = false;   ///< with the same run, which gave it back: it may still be in the cache
  std::uint64_t held = 0;  ///< how many frames the run has: the more, the colder a recycled one
};

/// A fault's time is that of its kind, measured with frames that were anybody's before, and what a
/// recycled frame saves. What is not in it: walks of the tables that the TLB makes afterwards, and
/// data of the program's own that the fault drove out of the caches.
struct Costs {
  std::array<std::optional<Figure>, kFaultKinds> kinds;  ///< empty: could not be measured here

  /// What a first touch takes with a recycled frame, in a run that has so many; in between a line
  /// is drawn, beyond the ends it goes on level.
  struct Recycled {
    std::uint64_t held = 0;  ///< 0: not measured
    Figure touch;
  };
  std::array<Recycled, 4> recycled{};

  std::optional<Figure> exception;  ///< into the kernel and back, the four steps of it
  std::optional<Figure> lookup;     ///< finding area and entry
  std::optional<Figure> wait;       ///< of a major fault's time: asleep until the disk is done

  [[nodiscard]] const std::optional<Figure>& of(FaultKind kind) const noexcept {
    return kinds[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::optional<Figure>& of(FaultKind kind) noexcept {
    return kinds[static_cast<std::size_t>(kind)];
  }
  /// What one fault takes. One of get_user_pages has no exception. Nothing where its kind was not
  /// measured.
  [[nodiscard]] std::optional<double> of(const FaultRecord& fault,
                                         const FrameHistory& frame = {}) const noexcept;

  using Steps = std::array<std::optional<double>, kFaultSteps>;
  /// The time of a kind, step by step: their sum is the kind's. A step without a time is skipped,
  /// or lies within the wait. Nothing where the kind or the parts were not measured.
  [[nodiscard]] std::optional<Steps> steps(FaultKind kind) const noexcept;

 private:
  [[nodiscard]] double recycled_touch(std::uint64_t held) const noexcept;
  [[nodiscard]] double saved_by(const FrameHistory& frame) const noexcept;
};

}  // namespace pagesim
