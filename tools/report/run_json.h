// A run as JSON, version 1 (design: the command line).
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pagesim/era.h"
#include "tools/report/tally.h"
#include "tools/run/outcome.h"

namespace tools::report {

/// Keys keep the order they are written in: a person reads this too.
using Json = nlohmann::ordered_json;

/// The words for a fault's byte, "p+8", of operation `op`.
using PlaceOf = std::function<std::string(std::size_t op, const pagesim::FaultRecord& fault)>;

/// What a run's machine could know. An unknown value is null, never left out and never zero.
struct Knowledge {
  bool causes = true;
  bool writers = true;
  /// In whose functions a simulated fault's path is told: in text only where it was asked for, in
  /// JSON always, in today's.
  std::optional<pagesim::Era> era{};
};

[[nodiscard]] Json to_json(const pagesim::FaultRecord& fault, const std::string& place,
                           const Knowledge& known);
/// {"first_write":10,...}: the causes that occurred, or null.
[[nodiscard]] Json by_cause_json(const Tally& tally, const Knowledge& known);
[[nodiscard]] Json by_writer_json(const Tally& tally, const Knowledge& known);
/// {"minor","major","exceptions","by_cause","by_writer","rss_kb",...} of the whole run.
[[nodiscard]] Json totals_json(const script::Program& program, const run::RunOutcome& outcome,
                               const Knowledge& known);
/// {"minor","major","faults","signal"} of one operation; "faults" is null where addresses are
/// unknown.
[[nodiscard]] Json op_json(const run::RunOutcome& outcome, std::size_t op, const PlaceOf& place_of,
                           const Knowledge& known);
/// {"name":"SIGSEGV","code":"MAPERR","address":"0x..."}.
[[nodiscard]] Json to_json(const pagesim::SignalInfo& signal);

}  // namespace tools::report
