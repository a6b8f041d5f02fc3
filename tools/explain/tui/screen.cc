// Drawing a state.
#include "tools/explain/tui/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tools/explain/tui/columns.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using report::grouped;

constexpr std::string_view kHelp = R"(  right l space  left h    one step on, back
  PgDn  PgUp               ten steps
  Home  End                the first step, the last
  g                        jump: 12 is a step, L12 a line
  /                        search operations, names, addresses, faults
  f                        follow a chunk: the step's own, or a name's
  n  N                     next, previous step that was found; else one step
  Esc                      forget what was sought
  Tab  1-6                 another pane: script, step, pages, heap, lists, chunk
  down j  up k             scroll the pane by a row
  Ctrl-D  Ctrl-U           by half of it
  <  >                     sideways
  z                        the pane alone, and back
  q                        quit

  ">" marks the chunk that is followed, or else the step's own.
  P in a chunk's flags: the one below is in use; M: a mapping of its own;
  A: of another arena than the main one.
)";

PaneText text_of(std::vector<std::string> lines) {
  PaneText text;
  const auto kept = std::make_shared<const std::vector<std::string>>(std::move(lines));
  text.rows = kept->size();
  text.row = [kept](std::size_t row) { return (*kept)[row]; };
  for (std::size_t i = 0; i < kept->size() && !text.marked; ++i) {
    if ((*kept)[i].starts_with('>')) text.marked = i;
  }
  return text;
}

std::string marked_row(const std::string& row, bool marked, const Style& style) {
  return marked ? style.paint(Paint::Bold, "> " + row) : "  " + row;
}

PaneText script_text(const ViewState& state, const Timeline& timeline, const Listing& listing,
                     const Style& style) {
  const std::size_t lines = timeline.program().source.size();
  if (lines == 0) {
    const auto row = [&timeline, style, now = state.step](std::size_t i) {
      return marked_row(fmt::format("{:>6}  {}", i + 1, timeline.title(i)), i == now, style);
    };
    return {timeline.size(), state.step, row};
  }
  const std::size_t now = timeline.op(state.step).line - 1;
  const auto& source = timeline.program().source;
  return {lines, now, [&listing, &source, style, now](std::size_t i) {
            const std::string figures = listing.figures(i + 1);
            return marked_row(fmt::format("{:>4} {:>12}  {}", i + 1, figures, source[i]), i == now,
                              style);
          }};
}

std::size_t visible(const Box& box) { return box.rows == 0 ? 0 : box.rows - 1; }

/// "-- 4 heap  1-9 of 55 ----".
std::string title_row(const Box& box, const ViewState& state, const PaneText& text, bool has_lines,
                      const Style& style) {
  const auto number = static_cast<std::size_t>(box.pane);
  const std::size_t first = state.scroll[number].row;
  std::string title = fmt::format("-- {} {} ", number + 1, to_string(box.pane));
  if (box.pane == Pane::Help) title = "-- help ";
  if (box.pane == Pane::Script && has_lines) title = "-- 1 script: line minor major ";
  if (text.rows > visible(box)) {
    title += fmt::format(" {}-{} of {} ", grouped(first + 1),
                         grouped(std::min(first + visible(box), text.rows)), grouped(text.rows));
  }
  const std::string row = cut(title + std::string(box.columns, '-'), 0, box.columns);
  return box.pane == scrolled_pane(state) ? style.paint(Paint::Bold, row)
                                          : style.paint(Paint::Dim, row);
}

void draw_box(std::vector<std::string>& rows, const Box& box, const ViewState& state,
              const PaneText& text, bool has_lines, const Style& style) {
  const Scroll& scroll = state.scroll[static_cast<std::size_t>(box.pane)];
  for (std::size_t i = 0; i < box.rows && box.row + i < rows.size(); ++i) {
    std::string& row = rows[box.row + i];
    if (box.column != 0) row += style.paint(Paint::Dim, "|");
    const std::size_t line = scroll.row + i - 1;
    if (i == 0) {
      row += title_row(box, state, text, has_lines, style);
    } else {
      row += cut(line < text.rows ? text.row(line) : "", scroll.column, box.columns);
    }
  }
}

/// " step 3 of 12  line 3  chunk of p: 2 of 5  first-touch.fl".
std::string header(const ViewState& state, const Timeline& timeline) {
  std::string text = fmt::format(
      " step {} of {}  {} {}", grouped(state.step + 1), grouped(timeline.size()),
      timeline.program().source.empty() ? "event" : "line", grouped(timeline.op(state.step).line));
  if (!state.sought.empty()) {
    const auto here = std::lower_bound(state.hits.begin(), state.hits.end(), state.step);
    const bool at_one = here != state.hits.end() && *here == state.step;
    const auto number = static_cast<std::size_t>(here - state.hits.begin()) + 1;
    text += fmt::format("  {}: {}{}", state.sought,
                        at_one ? fmt::format("{} of ", grouped(number)) : "",
                        grouped(state.hits.size()));
  }
  return text + "  " + timeline.program().path;
}

std::string question(const ViewState& state, const Timeline& timeline) {
  switch (state.prompt) {
    case Prompt::Jump:
      return "step, or L and a line: ";
    case Prompt::Search:
      return "search: ";
    case Prompt::Follow: {
      const std::string name = timeline.name_of(state.step);
      return name.empty() ? "follow the chunk of: "
                          : fmt::format("follow the chunk of [{}]: ", name);
    }
    case Prompt::None:
      break;
  }
  return {};
}

std::string footer(const ViewState& state, const Timeline& timeline) {
  if (state.prompt != Prompt::None) return question(state, timeline) + state.typed;
  if (!state.message.empty()) return state.message;
  return "? help  q quit  g jump  / search  f follow  Tab pane  z zoom  left right: step";
}

}  // namespace

FrameRequest request_of(const ViewState& state, const Timeline& timeline, Size size, bool colours) {
  FrameRequest request;
  request.op = timeline.op_index(state.step);
  request.followed = state.followed ? state.followed->user.raw() : 0;
  request.colours = colours;
  for (const Box& box : layout(state, size)) {
    request.widths[static_cast<std::size_t>(box.pane)] = static_cast<std::uint16_t>(box.columns);
  }
  return request;
}

PaneTexts texts_of(const ViewState& state, const Frame& frame, const Timeline& timeline,
                   const Listing& listing, Style style) {
  PaneTexts texts;
  for (std::size_t i = 0; i < kPanes; ++i) texts[i] = text_of(lines_of(frame[i]));
  texts[static_cast<std::size_t>(Pane::Script)] = script_text(state, timeline, listing, style);
  texts[static_cast<std::size_t>(Pane::Help)] = text_of(lines_of(kHelp));
  return texts;
}

void settle(ViewState& state, const PaneTexts& texts, Size size) {
  constexpr std::size_t kWidest = 400;
  for (const Box& box : layout(state, size)) {
    const PaneText& text = texts[static_cast<std::size_t>(box.pane)];
    Scroll& scroll = state.scroll[static_cast<std::size_t>(box.pane)];
    const std::size_t seen = visible(box);
    if (state.follows_step) {
      const std::size_t marked = text.marked.value_or(0);
      const bool out = marked < scroll.row || marked >= scroll.row + seen;
      if (out) scroll.row = marked - std::min(marked, seen / 2);
    }
    scroll.row = std::min(scroll.row, text.rows - std::min(text.rows, seen));
    scroll.column = std::min(scroll.column, kWidest);
    if (box.pane == scrolled_pane(state)) state.page = seen;
  }
  state.follows_step = false;
}

Screen draw(const ViewState& state, const PaneTexts& texts, const Timeline& timeline, Size size,
            const Style& style) {
  Screen screen;
  screen.rows.resize(size.rows);
  const bool has_lines = !timeline.program().source.empty();
  for (const Box& box : layout(state, size)) {
    const PaneText& text = texts[static_cast<std::size_t>(box.pane)];
    draw_box(screen.rows, box, state, text, has_lines, style);
  }
  if (size.rows == 0) return screen;
  const std::string last = footer(state, timeline);
  screen.rows.back() = cut(last, 0, size.columns);
  screen.rows.front() = style.paint(Paint::Reverse, cut(header(state, timeline), 0, size.columns));
  if (state.prompt != Prompt::None) screen.cursor = std::min(columns_of(last), size.columns - 1);
  return screen;
}

}  // namespace tools::explain
