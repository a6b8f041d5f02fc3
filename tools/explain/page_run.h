// Runs of pages in one state, and how they are drawn: a letter a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pagesim/page_state.h"
#include "tools/explain/style.h"

namespace tools::explain {

/// Pages in one state.
struct PagesAlike {
  std::uint64_t pages = 0;
  pagesim::PageState state = pagesim::PageState::Absent;
};

/// Adds pages behind the last ones, to their run if they are in its state.
void append(std::vector<PagesAlike>& runs, std::uint64_t pages, pagesim::PageState state);

/// "AAA" or, from 13 pages on, "A*30".
[[nodiscard]] std::string run_text(const PagesAlike& run, const Style& style);
/// All runs in a row of at most `width` characters; what does not fit is "...".
[[nodiscard]] std::string runs_text(const std::vector<PagesAlike>& runs, std::size_t width,
                                    const Style& style);
/// What the letters mean.
[[nodiscard]] std::string strip_legend();

}  // namespace tools::explain
