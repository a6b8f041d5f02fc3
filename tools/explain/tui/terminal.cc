// The terminal by ncurses.
#include "tools/explain/tui/terminal.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include "tools/explain/tui/columns.h"

// Its macros have the names of functions of ours: after all else.
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

namespace tools::explain {
namespace {

constexpr int kEndings[] = {SIGINT, SIGTERM, SIGHUP};
volatile std::sig_atomic_t ended = 0;

void note_ending(int signal) { ended = signal; }

sigset_t endings() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kEndings) sigaddset(&set, signal);
  return set;
}

void hold_endings() {
  const sigset_t held = endings();
  ::sigprocmask(SIG_BLOCK, &held, nullptr);
  struct sigaction action {};
  action.sa_handler = note_ending;
  for (const int signal : kEndings) ::sigaction(signal, &action, nullptr);
}

void release_endings() {
  for (const int signal : kEndings) (void)std::signal(signal, SIG_DFL);
  const sigset_t held = endings();
  ::sigprocmask(SIG_UNBLOCK, &held, nullptr);
}

/// Until there is input, or a signal was handled. A terminal that is gone can always be read, and
/// ppoll lets no signal through then: its end is that of SIGHUP.
void wait_for_input() {
  sigset_t open;
  ::sigprocmask(SIG_SETMASK, nullptr, &open);
  for (const int signal : kEndings) sigdelset(&open, signal);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  (void)::ppoll(&input, 1, nullptr, &open);
  if ((input.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) ended = SIGHUP;
}

constexpr short kPairs = 4;  // red, green, yellow, blue: ECMA-48's 31 to 34

void start_colours() {
  if (::has_colors() == FALSE) return;
  ::start_color();
  ::use_default_colors();
  for (short i = 1; i <= kPairs; ++i) ::init_pair(i, i, -1);
}

/// What a colour of Style::paint, "\033[31m", turns on.
attr_t attribute_of(std::string_view colour) {
  const int code = std::atoi(std::string{colour.substr(2)}.c_str());
  if (code == 1) return A_BOLD;
  if (code == 2) return A_DIM;
  if (code == 7) return A_REVERSE;
  return code > 30 && code <= 30 + kPairs ? static_cast<attr_t>(COLOR_PAIR(code - 30)) : attr_t{};
}

void put_row(int row, std::string_view text) {
  ::move(row, 0);
  ::attrset(A_NORMAL);
  while (!text.empty()) {
    const Glyph glyph = take_glyph(text);
    if (glyph.code == 0) {
      ::attrset(static_cast<int>(attribute_of(glyph.bytes)));
    } else {
      const auto code = static_cast<wchar_t>(glyph.code);
      ::addnwstr(&code, 1);
    }
  }
}

char32_t key_of(wint_t code, bool is_function) {
  if (!is_function) {
    if (code == '\r') return kEnter;
    return code == 8 ? kBackspace : static_cast<char32_t>(code);
  }
  switch (code) {
    case KEY_LEFT:
      return kLeft;
    case KEY_RIGHT:
      return kRight;
    case KEY_UP:
      return kUp;
    case KEY_DOWN:
      return kDown;
    case KEY_PPAGE:
      return kPageUp;
    case KEY_NPAGE:
      return kPageDown;
    case KEY_HOME:
      return kHome;
    case KEY_END:
      return kEnd;
    case KEY_BTAB:
      return kBackTab;
    case KEY_BACKSPACE:
      return kBackspace;
    case KEY_ENTER:
      return kEnter;
    default:
      return 0;
  }
}

}  // namespace

Terminal::Terminal() {
  (void)std::setlocale(LC_CTYPE, "");
  if (::newterm(nullptr, stdout, stdin) == nullptr) {
    const char* const kind = std::getenv("TERM");
    throw std::runtime_error{std::string{"this kind of terminal (TERM="} +
                             (kind == nullptr ? "" : kind) + ") is not known."};
  }
  ::cbreak();
  ::noecho();
  ::nonl();
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::set_escdelay(25);
  start_colours();
  hold_endings();
}

Terminal::~Terminal() {
  ::endwin();
  ::delscreen(::set_term(nullptr));
  release_endings();
}

Size Terminal::size() const {
  return {static_cast<std::size_t>(LINES), static_cast<std::size_t>(COLS)};
}

void Terminal::show(const Screen& screen) {
  for (std::size_t i = 0; i < screen.rows.size(); ++i) put_row(static_cast<int>(i), screen.rows[i]);
  ::curs_set(screen.cursor ? 1 : 0);
  ::move(LINES - 1, static_cast<int>(screen.cursor.value_or(0)));
  ::refresh();
}

std::optional<char32_t> Terminal::next_key() {
  for (;;) {
    wint_t code = 0;
    const int kind = ::get_wch(&code);
    if (kind == ERR) wait_for_input();
    if (ended != 0) return std::nullopt;
    if (kind == ERR) continue;
    if (kind == KEY_CODE_YES && code == KEY_RESIZE) return std::nullopt;
    if (const char32_t key = key_of(code, kind == KEY_CODE_YES); key != 0) return key;
  }
}

int Terminal::ended_by() noexcept { return ended; }

}  // namespace tools::explain
