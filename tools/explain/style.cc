// What standard output is.
#include "tools/explain/style.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace tools::explain {

std::string Style::paint(Paint paint, std::string_view text) const {
  if (!colours || text.empty()) return std::string{text};
  const auto code = [paint] {
    switch (paint) {
      case Paint::Bold:
        return 1;
      case Paint::Red:
        return 31;
      case Paint::Green:
        return 32;
      case Paint::Yellow:
        return 33;
      case Paint::Blue:
        return 34;
      case Paint::Dim:
        return 2;
      case Paint::Reverse:
        return 7;
    }
    return 0;
  }();
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

Style style_of_output() {
  constexpr std::size_t kLeast = 40;
  Style style;
  if (::isatty(STDOUT_FILENO) != 1) return style;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
    style.width = std::max<std::size_t>(size.ws_col, kLeast);
  }
  const char* const plain = std::getenv("NO_COLOR");
  style.colours = plain == nullptr || *plain == '\0';
  return style;
}

}  // namespace tools::explain
