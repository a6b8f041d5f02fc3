// A run as the interactive view has it, for tests.
#pragma once

#include <string>

#include "tools/explain/tui/keyframes.h"
#include "tools/explain/tui/screen.h"
#include "tools/script/parser.h"

namespace tools::explain {

struct ShownRun {
  explicit ShownRun(const std::string& text)
      : program{script::parse(text, "test.fl")},
        timeline{program},
        keyframes{program, [this](const Step& step) { timeline.take(step); }},
        outcome{keyframes.run({}, {})},
        listing{program, outcome} {}

  /// Settles the state and draws it.
  Screen draw(ViewState& state, Size size, bool colours = false) {
    const Frame frame = keyframes.show(request_of(state, timeline, size, colours));
    const Style style{size.columns, colours};
    const PaneTexts texts = texts_of(state, frame, timeline, listing, style);
    settle(state, texts, size);
    return explain::draw(state, texts, timeline, size, style);
  }
  ViewState press(ViewState state, const std::u32string& keys) const {
    for (const char32_t key : keys) state = after_key(std::move(state), key, timeline);
    return state;
  }

  script::Program program;
  Timeline timeline;
  Keyframes keyframes;
  run::RunOutcome outcome;
  Listing listing;
};

inline std::string joined(const Screen& screen) {
  std::string text;
  for (const std::string& row : screen.rows) text += row + '\n';
  return text;
}

}  // namespace tools::explain
