// Decisions: which way a fault took through the handler, one bit a decision.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace pagesim {

/// What the handler came by, each named after the function that does it today. In the order in
/// which one fault can come by them, so that a set of them is a path.
enum class Decision : std::uint8_t {
  FindVma,
  ExpandStack,
  HandleMmFault,
  HugetlbFault,
  DoHugePmdAnonymousPage,
  DoHugePmdWpPage,
  SplitHugePmd,
  HandlePteFault,
  DoAnonymousPage,
  DoFault,
  DoReadFault,
  MapPages,  ///< ->map_pages: what is in memory around the fault
  DoCowFault,
  DoSharedFault,
  Fault,        ///< ->fault: one page of the file
  Retry,        ///< waited for the disk without the lock; the fault was tried again
  PageMkwrite,  ///< ->page_mkwrite
  DoSwapPage,
  DoNumaPage,
  DoWpPage,
  WpPageReuse,
  WpPageCopy,
  BadArea
};
inline constexpr unsigned kDecisions = static_cast<unsigned>(Decision::BadArea) + 1;

class Decisions {
 public:
  constexpr Decisions() noexcept = default;
  constexpr Decisions(std::initializer_list<Decision> decisions) noexcept {
    for (const Decision decision : decisions) add(decision);
  }
  constexpr void add(Decision decision) noexcept { bits_ |= bit(decision); }
  [[nodiscard]] constexpr bool has(Decision decision) const noexcept {
    return (bits_ & bit(decision)) != 0;
  }
  friend constexpr bool operator==(Decisions, Decisions) noexcept = default;

 private:
  static constexpr std::uint32_t bit(Decision decision) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(decision);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace pagesim
