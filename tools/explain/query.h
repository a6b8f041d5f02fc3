// Queries: what would happen, what was done to a byte, how a fault came about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/explain/step_text.h"

namespace tools::explain {

/// What is asked, of which program on which machine. Must outlive nothing: queries run at once.
struct Question {
  const script::Program& program;
  const run::SimSetup& setup;
  const run::RunOptions& options;
  Style style;
};

// Each answer is a text; std::runtime_error with one sentence, or ScriptError, where the question
// has none.

/// What an operation would do.
struct Tried {
  struct Read {
    std::string place;
    std::uint64_t bytes = 0;
    allocator::Writer writer{};
  };
  bool ran = false;  ///< false: the process has ended before
  std::string ends;  ///< the signal it ends in; empty: none
  std::vector<std::string> why;
  std::vector<Read> reads;  ///< of memory, in order
};
/// After the line `after`; nothing of it is done to the program.
[[nodiscard]] Tried tried_operation(const Question& question, const std::string& operation,
                                    std::uint32_t after);
/// What an operation, as a script has it, would do after the line `at`, nothing: after the last
/// one. It is done to a run of its own. A trace has no lines: its operations cannot be added to.
[[nodiscard]] std::string try_operation(const Question& question, const std::string& operation,
                                        std::optional<std::uint32_t> at);
/// Each operation that wrote to a byte or faulted on it: why, and the page's entry before and
/// after. `place`: as a script has it, or an address.
[[nodiscard]] std::string about_address(const Question& question, const std::string& place);
/// The run's fault `number`, from 1: operation, writer, why, and the page's entry before and after.
[[nodiscard]] std::string about_fault(const Question& question, std::uint64_t number);

}  // namespace tools::explain
