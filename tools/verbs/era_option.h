// In whose words a fault's path is told: --era.
#pragma once

#include <optional>
#include <string>

#include "pagesim/era.h"

namespace CLI {
class App;
}

namespace tools::verbs {

struct EraOption {
  std::string era;  ///< empty: paths are not shown

  void add_to(CLI::App& verb);
  /// What a report shows: nothing unless asked for, nor of a real run, whose paths nobody saw.
  [[nodiscard]] std::optional<pagesim::Era> of(bool simulated) const;
};

}  // namespace tools::verbs
