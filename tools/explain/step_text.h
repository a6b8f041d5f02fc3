// A step in a terminal: why, the receipt, the pages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/explain/step.h"
#include "tools/explain/style.h"

namespace tools::explain {

/// Which steps are drawn.
struct StepWishes {
  bool all = false;
  bool last = false;
  std::vector<std::uint32_t> lines;  ///< those of these lines
  std::vector<std::string> only;     ///< of the heap, the chunks of these blocks; none: all
  Style style;

  [[nodiscard]] bool any() const noexcept { return all || last || !lines.empty(); }
  /// Whether a step is drawn when it is over.
  [[nodiscard]] bool wants(const Step& step) const;
};

/// Lines of at most wishes.style.width characters.
[[nodiscard]] std::string step_text(const Step& step, const StepWishes& wishes);

// Its parts.

/// "line 3  p = malloc 1024", what it returned, what it cost.
[[nodiscard]] std::string title_text(const Step& step, const Style& style);
/// The clauses of Step::why as one paragraph.
[[nodiscard]] std::string why_text(const Step& step, const Style& style);
/// "malloc aborts: free(): double free detected in tcache 2"; empty: it does not.
[[nodiscard]] std::string abort_text(const Step& step);
/// With `loads` also what was only read.
[[nodiscard]] std::string receipt_text(const Step& step, const Style& style, bool loads = false);
/// A letter for each page, runs of many shortened: "AAA-*30".
[[nodiscard]] std::string strips_text(const Step& step, const Style& style);

}  // namespace tools::explain
