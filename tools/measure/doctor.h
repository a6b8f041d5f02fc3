// Doctor: what this machine allows and has, finding by finding.
#pragma once

#include <string>
#include <vector>

namespace tools::measure {

/// One finding. `value` is a word or number; empty: not known.
struct Finding {
  enum class Verdict : unsigned char {
    Good,     ///< there, nothing is lost
    Limited,  ///< some figures will be missing; `remedy` says what would bring them
    Plain     ///< a fact, neither good nor bad
  };

  std::string key;      ///< "perf_user", "swap": stable, for programs
  std::string subject;  ///< "perf page faults, user mode": for people
  std::string value;
  Verdict verdict = Verdict::Plain;
  std::string remedy;  ///< one sentence; empty when Good or Plain
};

/// Looks at the running system. Changes nothing; opens a few perf events and closes them again.
[[nodiscard]] std::vector<Finding> examine();

/// Aligned lines for people: subject, value, then what is missing and the remedy.
[[nodiscard]] std::string render_text(const std::vector<Finding>& findings);
/// One JSON object a line: {"key","subject","value","verdict","remedy"}; null where not known.
[[nodiscard]] std::string render_json(const std::vector<Finding>& findings);

}  // namespace tools::measure
