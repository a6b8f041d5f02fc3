// Screen: the rows of a terminal that show a step.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/explain/listing.h"
#include "tools/explain/tui/layout.h"

namespace tools::explain {

/// A pane's text, row by row.
struct PaneText {
  std::size_t rows = 0;
  std::optional<std::size_t> marked{};  ///< the row that is to be in sight
  std::function<std::string(std::size_t)> row{};
};
using PaneTexts = std::array<PaneText, kPanes>;

struct Screen {
  std::vector<std::string> rows;        ///< as many and as wide as the terminal's, with colours
  std::optional<std::size_t> cursor{};  ///< column in the last row, where something is typed
};

/// What draws the step of a state, with each pane as wide as its box.
[[nodiscard]] FrameRequest request_of(const ViewState& state, const Timeline& timeline, Size size,
                                      bool colours);
/// `frame`, `timeline` and `listing` must outlive it.
[[nodiscard]] PaneTexts texts_of(const ViewState& state, const Frame& frame,
                                 const Timeline& timeline, const Listing& listing, Style style);
/// Brings marked rows into sight if the step is new, and scrolls no pane beyond its end.
void settle(ViewState& state, const PaneTexts& texts, Size size);
/// Of a state that is settled.
[[nodiscard]] Screen draw(const ViewState& state, const PaneTexts& texts, const Timeline& timeline,
                          Size size, const Style& style);

}  // namespace tools::explain
