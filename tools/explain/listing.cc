// Lines of a script and their figures, side by side.
#include "tools/explain/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/report/table.h"

namespace tools::explain {
namespace {

/// Columns of a row that are not the line's text.
constexpr std::size_t kFigures = 6 + 13;

std::size_t text_width(std::size_t width) { return std::max(width, kFigures + 1) - kFigures; }

}  // namespace

Listing::Listing(const script::Program& program, const run::RunOutcome& outcome)
    : program_{program}, ran_(program.source.size() + 1) {
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    const std::uint32_t line = program.ops[i].line;
    if (line < ran_.size() && outcome.ops[i].ran) ran_[line] = &outcome.ops[i];
  }
}

std::string Listing::heading(std::size_t width) {
  return fmt::format("{:>4}  {:<{}} {:>6} {:>5}", "line", "script", text_width(width), "minor",
                     "major");
}

std::string Listing::figures(std::size_t line) const {
  const run::OpOutcome* const ran = ran_[line];
  if (ran == nullptr) return {};
  return fmt::format("{:>6} {:>5}", report::grouped(ran->minor), report::grouped(ran->major));
}

std::string Listing::row(std::size_t line, std::size_t width) const {
  std::string row = fmt::format("{:>4}  {:<{}} {}", line, program_.source[line - 1],
                                text_width(width), figures(line));
  row.erase(row.find_last_not_of(' ') + 1);
  return row;
}

}  // namespace tools::explain
