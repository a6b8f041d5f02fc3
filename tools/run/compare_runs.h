// Two runs of one program, laid side by side operation by operation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::run {

/// Something the two runs do not agree on, in words.
struct Difference {
  std::size_t op = 0;  ///< index into Program::ops
  std::uint32_t line = 0;
  std::string subject;  ///< "minor faults", "fault 2", "signal", "returned", "page states"
  std::string left;     ///< "p+8 write minor cow_copy", "3", "none"
  std::string right;
};

/// One operation's counts on both sides.
struct OpComparison {
  pagesim::Counters left;  ///< exceptions: fault events of the operation
  pagesim::Counters right;
  bool compared = false;  ///< it ran on both
  bool equal = true;
};

struct Comparison {
  std::vector<OpComparison> ops;  ///< one for each Program::ops
  std::optional<Difference> first;
  std::vector<Difference> differences;  ///< all of them, by operation
  pagesim::Counters left, right;        ///< sums

  [[nodiscard]] bool equal() const noexcept { return !first.has_value(); }
};

/// Compares, for each operation: that it ran, minor and major, its signal, what it returned, and
/// its fault events one by one: place, access, mode, outcome, and error code and cause where both
/// sides know them; of a page that was given up (MADV_FREE) reuse and copy count as one. Faults of
/// get_user_pages have no event and are compared by count alone, as is
/// what a vfork child did. A byte outside everything the script has a word for is compared by its
/// offset in its page, since the kernel chooses where such memory lies. Where one side may not look
/// into system calls, their faults are compared by count. Inside an allocator call
/// places are compared by page alone: in which order two stores to one fresh page are made is the
/// compiler's choice, and the first one's byte is the fault's.
[[nodiscard]] Comparison compare_runs(const script::Program& program, const RunOutcome& left,
                                      const RunOutcome& right);

/// An `expect` line that does not hold.
struct BrokenExpectation {
  const script::Expectation* expectation = nullptr;
  std::string got;  ///< in words, of what was expected: "minor 2"
};

/// Checks every `expect` line of the program on a run. Expectations of the resident set need
/// RunOptions::with_rss, those of faults with_faults: without them they are broken, never skipped.
[[nodiscard]] std::vector<BrokenExpectation> check_expectations(const script::Program& program,
                                                                const RunOutcome& outcome);
/// Whether an expectation needs RunOptions::with_rss.
[[nodiscard]] bool expects_rss(const script::Program& program) noexcept;

/// "p+8 write minor cow_copy"; what the record does not know is left out.
[[nodiscard]] std::string describe(const pagesim::FaultRecord& fault, const std::string& place);
/// The operation's fault events: all its records but those of get_user_pages.
[[nodiscard]] std::vector<pagesim::FaultRecord> events_of(const RunOutcome& outcome,
                                                          std::size_t op);
/// The signal the operation ended in, or nothing.
[[nodiscard]] const pagesim::SignalInfo* signal_of(const RunOutcome& outcome, std::size_t op);

/// "SIGSEGV", "ACCERR"; a number for what scripts have no word for.
[[nodiscard]] std::string signal_word(int number);
[[nodiscard]] std::string signal_code_word(int number, int code);

}  // namespace tools::run
