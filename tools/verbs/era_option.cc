// Eras by name.
#include "tools/verbs/era_option.h"

#include <CLI/CLI.hpp>

namespace tools::verbs {

void EraOption::add_to(CLI::App& verb) {
  verb.add_option("--era", era,
                  "Show each simulated fault's path in the functions of an era: 2.4, 2.6 or today")
      ->check(CLI::IsMember({"2.4", "2.6", "today"}))
      ->type_name("ERA");
}

std::optional<pagesim::Era> EraOption::of(bool simulated) const {
  if (era.empty() || !simulated) return std::nullopt;
  if (era == "today") return pagesim::Era::Today;
  return era == "2.4" ? pagesim::Era::Linux24 : pagesim::Era::Linux26;
}

}  // namespace tools::verbs
