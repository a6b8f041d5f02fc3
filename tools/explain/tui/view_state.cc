// Keys.
#include "tools/explain/tui/view_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tools/report/table.h"

namespace tools::explain {
namespace {

constexpr std::size_t kSideways = 8;  // columns a key moves by
constexpr std::size_t kLeap = 10;     // steps

void go(ViewState& state, std::size_t step) {
  state.step = step;
  state.follows_step = true;
}

void go_by(ViewState& state, const Timeline& timeline, std::int64_t steps) {
  const auto last = static_cast<std::int64_t>(timeline.size()) - 1;
  const auto now = static_cast<std::int64_t>(state.step);
  if (steps > 0 && now == last) state.message = "this is the last step";
  if (steps < 0 && now == 0) state.message = "this is the first step";
  go(state, static_cast<std::size_t>(std::clamp<std::int64_t>(now + steps, 0, last)));
}

void go_to_hit(ViewState& state, const Timeline& timeline, bool forward) {
  if (state.sought.empty()) return go_by(state, timeline, forward ? 1 : -1);
  const auto& hits = state.hits;
  const auto later = std::upper_bound(hits.begin(), hits.end(), state.step);
  const auto here = std::lower_bound(hits.begin(), hits.end(), state.step);
  if (forward ? later == hits.end() : here == hits.begin()) {
    state.message = fmt::format("no {} step has {}", forward ? "later" : "earlier", state.sought);
    return;
  }
  go(state, forward ? *later : *std::prev(here));
}

void scroll_by(ViewState& state, std::int64_t rows) {
  std::size_t& row = state.scroll[static_cast<std::size_t>(scrolled_pane(state))].row;
  row = static_cast<std::size_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(row) + rows));
}

void scroll_sideways(ViewState& state, bool right) {
  std::size_t& column = state.scroll[static_cast<std::size_t>(scrolled_pane(state))].column;
  column = right ? column + kSideways : column - std::min(column, kSideways);
}

void focus(ViewState& state, Pane pane) {
  state.focus = pane;
  if (pane >= Pane::Pages) state.lower = pane;
}

void focus_by(ViewState& state, std::size_t panes) {
  constexpr auto kShown = static_cast<std::size_t>(Pane::Help);
  focus(state, static_cast<Pane>((static_cast<std::size_t>(state.focus) + panes) % kShown));
}

void ask(ViewState& state, Prompt prompt) {
  state.prompt = prompt;
  state.typed.clear();
}

void forget(ViewState& state) {
  state.sought.clear();
  state.hits.clear();
  state.followed.reset();
}

/// "12": a step, "L12": a line.
void jump(ViewState& state, const Timeline& timeline) {
  const bool line = state.typed.starts_with('L') || state.typed.starts_with('l');
  const std::string_view digits = std::string_view{state.typed}.substr(line ? 1 : 0);
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || stop != digits.data() + digits.size()) {
    state.message = fmt::format("\"{}\" is no step (12) and no line (L12)", state.typed);
  } else if (line) {
    const auto step = timeline.at_line(number);
    if (step) return go(state, *step);
    state.message = fmt::format("no step comes from line {} or later", number);
  } else if (number == 0 || number > timeline.size()) {
    state.message = fmt::format("steps are 1 to {}", report::grouped(timeline.size()));
  } else {
    go(state, number - 1);
  }
}

void search(ViewState& state, const Timeline& timeline) {
  if (state.typed.empty()) return forget(state);
  state.followed.reset();
  state.sought = '"' + state.typed + '"';
  state.hits = timeline.with_text(state.typed);
  if (state.hits.empty()) {
    state.message = fmt::format("no step has {}", state.sought);
    return;
  }
  const auto later = std::upper_bound(state.hits.begin(), state.hits.end(), state.step);
  if (later == state.hits.end()) state.message = "no later step has it: from the first on";
  go(state, later == state.hits.end() ? state.hits.front() : *later);
}

void follow(ViewState& state, const Timeline& timeline) {
  const std::string name = state.typed.empty() ? timeline.name_of(state.step) : state.typed;
  const auto block = timeline.block(name, state.step);
  if (!block) {
    state.message = name.empty() ? "this step has no pointer: type a name or an address"
                                 : fmt::format("{} is no block of malloc's", name);
    return;
  }
  state.followed = *block;
  state.hits = timeline.touching(*block);
  state.sought = "chunk of " + block->name;
  state.message = fmt::format("{} steps touch the chunk of {}: n and N go to them",
                              report::grouped(state.hits.size()), block->name);
  state.follows_step = true;
  focus(state, Pane::Chunk);
}

void finish(ViewState& state, const Timeline& timeline) {
  const Prompt prompt = std::exchange(state.prompt, Prompt::None);
  if (prompt == Prompt::Jump) jump(state, timeline);
  if (prompt == Prompt::Search) search(state, timeline);
  if (prompt == Prompt::Follow) follow(state, timeline);
}

void append(std::string& text, char32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned kFirst[] = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(kFirst[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
}

/// The last character, of however many bytes.
void erase_last(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) text.pop_back();
  if (!text.empty()) text.pop_back();
}

void type(ViewState& state, char32_t key, const Timeline& timeline) {
  if (key == kEnter) return finish(state, timeline);
  if (key == kEscape) state.prompt = Prompt::None;
  if (key == kBackspace) erase_last(state.typed);
  if (key == ctrl('u')) state.typed.clear();
  if (key >= ' ' && key < kLeft && key != kBackspace) append(state.typed, key);
}

/// Whether the key steps.
bool step_key(ViewState& state, char32_t key, const Timeline& timeline) {
  constexpr std::int64_t kAll = std::int64_t{1} << 40;
  switch (key) {
    case kRight:
    case 'l':
    case ' ':
      return go_by(state, timeline, 1), true;
    case kLeft:
    case 'h':
      return go_by(state, timeline, -1), true;
    case kPageDown:
      return go_by(state, timeline, kLeap), true;
    case kPageUp:
      return go_by(state, timeline, -static_cast<std::int64_t>(kLeap)), true;
    case kHome:
      return go_by(state, timeline, -kAll), true;
    case kEnd:
      return go_by(state, timeline, kAll), true;
    case 'n':
    case 'N':
      return go_to_hit(state, timeline, key == 'n'), true;
    default:
      return false;
  }
}

/// Whether the key scrolls.
bool scroll_key(ViewState& state, char32_t key) {
  const auto half = static_cast<std::int64_t>(std::max<std::size_t>(state.page / 2, 1));
  switch (key) {
    case kDown:
    case 'j':
      return scroll_by(state, 1), true;
    case kUp:
    case 'k':
      return scroll_by(state, -1), true;
    case ctrl('d'):
      return scroll_by(state, half), true;
    case ctrl('u'):
      return scroll_by(state, -half), true;
    case '>':
    case '<':
      return scroll_sideways(state, key == '>'), true;
    default:
      return false;
  }
}

void other_key(ViewState& state, char32_t key) {
  if (key >= '1' && key < '1' + static_cast<char32_t>(Pane::Help)) {
    return focus(state, static_cast<Pane>(key - '1'));
  }
  if (key == kTab) focus_by(state, 1);
  if (key == kBackTab) focus_by(state, static_cast<std::size_t>(Pane::Help) - 1);
  if (key == 'z') state.zoomed = !state.zoomed;
  if (key == 'g') ask(state, Prompt::Jump);
  if (key == '/') ask(state, Prompt::Search);
  if (key == 'f') ask(state, Prompt::Follow);
  if (key == kEscape) forget(state);
  if (key == '?') state.help = true;
  if (key == 'q') state.done = true;
}

}  // namespace

Pane scrolled_pane(const ViewState& state) noexcept {
  return state.help ? Pane::Help : state.focus;
}

ViewState after_key(ViewState state, char32_t key, const Timeline& timeline) {
  state.message.clear();
  if (state.prompt != Prompt::None) {
    type(state, key, timeline);
  } else if (state.help) {
    if (!scroll_key(state, key)) state.help = false;
  } else if (!step_key(state, key, timeline) && !scroll_key(state, key)) {
    other_key(state, key);
  }
  return state;
}

}  // namespace tools::explain
