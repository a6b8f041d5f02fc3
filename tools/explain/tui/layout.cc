// Sharing out the screen.
#include "tools/explain/tui/layout.h"

#include <algorithm>

namespace tools::explain {
namespace {

constexpr std::size_t kStackedRows = 16;  // from here on, three panes
constexpr std::size_t kStackedColumns = 60;
constexpr std::size_t kTwoColumns = 120;
constexpr std::size_t kAllRows = 34;  // from here on, all panes on the right

struct Share {
  Pane pane;
  std::size_t rows;
};

/// Boxes above each other; the last one takes what is left.
void stack(std::vector<Box>& boxes, std::size_t column, std::size_t columns, std::size_t rows,
           const std::vector<Share>& shares) {
  std::size_t row = 1;
  for (const Share& share : shares) {
    const bool last = &share == &shares.back();
    const std::size_t height = last ? 1 + rows - row : share.rows;
    boxes.push_back({share.pane, row, column, height, columns});
    row += height;
  }
}

std::vector<Share> right_shares(const ViewState& state, std::size_t rows) {
  if (rows < kAllRows) return {{state.lower, 0}};
  const std::size_t pages = std::max<std::size_t>(rows / 7, 6);
  const std::size_t lists = std::max<std::size_t>(rows / 5, 7);
  constexpr std::size_t kChunk = 12;
  return {{Pane::Heap, rows - pages - lists - kChunk},
          {Pane::Lists, lists},
          {Pane::Chunk, kChunk},
          {Pane::Pages, pages}};
}

}  // namespace

std::vector<Box> layout(const ViewState& state, Size size) {
  std::vector<Box> boxes;
  const std::size_t rows = std::max<std::size_t>(size.rows, 3) - 2;
  const bool alone = state.help || state.zoomed || rows < kStackedRows;
  if (alone || size.columns < kStackedColumns) {
    stack(boxes, 0, size.columns, rows, {{scrolled_pane(state), rows}});
  } else if (size.columns < kTwoColumns) {
    stack(boxes, 0, size.columns, rows,
          {{Pane::Script, rows / 4}, {Pane::Step, rows * 3 / 8}, {state.lower, 0}});
  } else {
    const std::size_t left = size.columns * 2 / 5;
    stack(boxes, 0, left, rows, {{Pane::Script, rows / 3}, {Pane::Step, 0}});
    stack(boxes, left + 1, size.columns - left - 1, rows, right_shares(state, rows));
  }
  return boxes;
}

}  // namespace tools::explain
