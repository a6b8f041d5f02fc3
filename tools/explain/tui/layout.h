// Layout: which panes a terminal of some size has room for, and where.
#pragma once

#include <cstddef>
#include <vector>

#include "tools/explain/tui/view_state.h"

namespace tools::explain {

struct Size {
  std::size_t rows = 24;
  std::size_t columns = 80;

  friend bool operator==(const Size&, const Size&) = default;
};

/// A pane's part of the screen. Its first row is its title.
struct Box {
  Pane pane = Pane::Step;
  std::size_t row = 0;
  std::size_t column = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

/// From left to right, each column from top to bottom. Between the screen's first row and its last.
/// One pane where there is little room, three above each other, or all in two columns.
[[nodiscard]] std::vector<Box> layout(const ViewState& state, Size size);

}  // namespace tools::explain
