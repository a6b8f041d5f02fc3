// Drawing pages.
#include "tools/explain/page_run.h"

#include <fmt/format.h>

namespace tools::explain {
namespace {

/// In the order of PageState.
constexpr std::string_view kLetters = "-SGZzACHhFM";

constexpr Paint kStripPaints[] = {Paint::Dim,    Paint::Red,   Paint::Dim,    Paint::Blue,
                                  Paint::Blue,   Paint::Green, Paint::Yellow, Paint::Green,
                                  Paint::Yellow, Paint::Bold,  Paint::Bold};

}  // namespace

void append(std::vector<PagesAlike>& runs, std::uint64_t pages, pagesim::PageState state) {
  if (pages == 0) return;
  if (runs.empty() || runs.back().state != state) {
    runs.push_back({pages, state});
  } else {
    runs.back().pages += pages;
  }
}

std::string run_text(const PagesAlike& run, const Style& style) {
  constexpr std::uint64_t kSpelledOut = 12;
  const auto state = static_cast<std::size_t>(run.state);
  const std::string text = run.pages <= kSpelledOut
                               ? std::string(run.pages, kLetters[state])
                               : fmt::format("{}*{}", kLetters[state], run.pages);
  return style.paint(kStripPaints[state], text);
}

std::string runs_text(const std::vector<PagesAlike>& runs, std::size_t width, const Style& style) {
  constexpr std::size_t kDots = 3;
  std::string text;
  std::size_t used = 0;
  for (const PagesAlike& run : runs) {
    const std::size_t length = run_text(run, Style{}).size();
    const bool last = &run == &runs.back();
    if (used + length + (last ? 0 : kDots) > width) return text + "...";
    text += run_text(run, style);
    used += length;
  }
  return text;
}

std::string strip_legend() {
  return "  pages: - absent, Z zero page, A anonymous, C shared after fork, S swapped out,\n"
         "  H h z the same of huge pages, F of a file, M shared memory, G guard\n";
}

}  // namespace tools::explain
