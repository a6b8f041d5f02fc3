// A run in a terminal: operation by operation, and summed up.
#pragma once

#include <string>

#include "tools/report/run_json.h"
#include "tools/run/outcome.h"
#include "tools/run/place.h"

namespace tools::report {

/// The script's own text of an operation, or its verb where a trace has none.
[[nodiscard]] std::string op_text(const script::Program& program, std::size_t op);

/// "p-8 write first_write chunk_size": one fault in the order place, access, cause, writer; what is
/// unknown is left out.
[[nodiscard]] std::string fault_text(const pagesim::FaultRecord& fault, const std::string& place,
                                     const Knowledge& known);
/// "do_page_fault > find_vma > ...": a simulated fault's path; empty for a real one.
[[nodiscard]] std::string path_text(const pagesim::FaultRecord& fault, pagesim::Era era,
                                    std::string_view between = " > ");
/// "SIGSEGV MAPERR".
[[nodiscard]] std::string signal_text(const pagesim::SignalInfo& signal);

/// The faults of operation `op`, the first few in words, then a count.
[[nodiscard]] std::string faults_text(const run::RunOutcome& outcome, std::size_t op,
                                      std::uint32_t task, const run::Places& places,
                                      const Knowledge& known);
/// A line for each operation that ran: its cost and its faults (the first few, then a count).
[[nodiscard]] std::string ops_text(const script::Program& program, const run::RunOutcome& outcome,
                                   const Knowledge& known);
/// Counters, causes, writers, peak RSS, signals, and what could not be measured.
[[nodiscard]] std::string summary_text(const script::Program& program,
                                       const run::RunOutcome& outcome, const Knowledge& known);
/// "first_write 12, zero_read 3"; "not known" where it is not.
[[nodiscard]] std::string causes_text(const Tally& tally, const Knowledge& known);
[[nodiscard]] std::string writers_text(const Tally& tally, const Knowledge& known);

}  // namespace tools::report
