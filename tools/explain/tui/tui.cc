// Between the keys and the screen.
#include "tools/explain/tui/tui.h"

#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tools/explain/tui/keyframes.h"
#include "tools/explain/tui/terminal.h"

namespace tools::explain {
namespace {

/// A run that is shown.
class Viewer {
 public:
  Viewer(const script::Program& program, const run::SimSetup& setup, const run::RunOptions& options)
      : timeline_{program},
        keyframes_{program, [this](const Step& step) { timeline_.take(step); }},
        outcome_{keyframes_.run(setup, options)},
        listing_{program, outcome_} {
    if (timeline_.size() == 0) throw std::runtime_error{program.path + ": no operation in it ran."};
  }

  /// Returns the signal that ended it; 0: the user did.
  int show(std::optional<std::uint32_t> line, bool colours) {
    if (line) state_.step = timeline_.at_line(*line).value_or(timeline_.size() - 1);
    Terminal terminal;
    while (!state_.done && Terminal::ended_by() == 0) {
      draw(terminal, colours);
      if (const auto key = terminal.next_key()) state_ = after_key(state_, *key, timeline_);
    }
    return Terminal::ended_by();
  }

 private:
  void draw(Terminal& terminal, bool colours) {
    const Size size = terminal.size();
    const FrameRequest request = request_of(state_, timeline_, size, colours);
    if (request != shown_) frame_ = keyframes_.show(request);
    shown_ = request;
    const Style style{request.widths[static_cast<std::size_t>(Pane::Script)], colours};
    const PaneTexts texts = texts_of(state_, frame_, timeline_, listing_, style);
    settle(state_, texts, size);
    terminal.show(explain::draw(state_, texts, timeline_, size, style));
  }

  Timeline timeline_;
  Keyframes keyframes_;
  run::RunOutcome outcome_;
  Listing listing_;
  ViewState state_;
  FrameRequest shown_{};  ///< what frame_ is; no step of none of the panes: nothing
  Frame frame_;
};

}  // namespace

bool can_show_in_terminal() noexcept {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

void show_in_terminal(const script::Program& program, const run::SimSetup& setup,
                      const run::RunOptions& options, std::optional<std::uint32_t> line,
                      bool colours) {
  const int signal = Viewer{program, setup, options}.show(line, colours);
  if (signal != 0) (void)std::raise(signal);
}

}  // namespace tools::explain
