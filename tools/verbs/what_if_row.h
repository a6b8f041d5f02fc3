// A row of what-if: what one combination came to, and how rows are printed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/report/tally.h"
#include "tools/run/fault_time.h"
#include "tools/verbs/variation.h"

namespace tools::verbs {

struct WhatIfRow {
  Combination values;  ///< empty: the base, with nothing varied
  bool ran = false;    ///< false: `end` says why
  std::string end;     ///< how it ended early: a signal, an abort; empty: it ran to its end
  report::Tally tally;
  std::optional<std::uint64_t> peak_rss;  ///< bytes, as RunOutcome has it
  std::uint64_t table_pages = 0;          ///< of the largest process, as VmPTE counts them, at most
  run::FaultTime fault_time;

  [[nodiscard]] std::uint64_t faults() const noexcept { return tally.minor + tally.major; }
};

/// What the rows have in common.
struct WhatIfTable {
  std::string file;
  std::vector<Variation> variations;
  bool with_time = false;  ///< faults have a predicted time in a row at least
};

/// Prints rows one by one. The first is the base, with which the others are compared.
class RowPrinter {
 public:
  virtual ~RowPrinter() = default;
  /// With its line end; the first row with what stands above it.
  [[nodiscard]] virtual std::string row(const WhatIfRow& row) = 0;
};

/// `format`: "table", "csv" or "json" (an object a row).
[[nodiscard]] std::unique_ptr<RowPrinter> row_printer(const std::string& format, WhatIfTable table);

}  // namespace tools::verbs
