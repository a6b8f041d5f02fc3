// A script, line by line, with what each line cost.
#pragma once

#include <string>
#include <vector>

#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::explain {

/// Rows of a line's number, its text and its faults. Both must outlive the listing.
class Listing {
 public:
  Listing(const script::Program& program, const run::RunOutcome& outcome);

  /// "line  script  minor major". A row is `width` wide where the line's text is not longer.
  [[nodiscard]] static std::string heading(std::size_t width);
  /// Of line `line` of the source, from 1.
  [[nodiscard]] std::string row(std::size_t line, std::size_t width) const;
  /// Minor and major faults of it, 12 columns; empty: it has no operation that ran.
  [[nodiscard]] std::string figures(std::size_t line) const;

 private:
  const script::Program& program_;
  std::vector<const run::OpOutcome*> ran_;  ///< by line: its first operation that ran; may be null
};

}  // namespace tools::explain
