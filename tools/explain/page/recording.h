// Recording: a run of a program, taken down step by step for the page.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tools/explain/header.h"
#include "tools/explain/page/deeds.h"
#include "tools/explain/page/space.h"
#include "tools/explain/step.h"

namespace tools::explain {

/// The page's data of one run: what each operation did and cost, why, and what it changed.
class Recording {
 public:
  explicit Recording(const script::Program& program);

  /// Every step, in order.
  void take(const Step& step);
  /// Once the run is over. `difference`: in what it differs from the run beside it; empty: nothing.
  /// `tries`: tries_json.
  [[nodiscard]] std::string json(const ScriptHeader& header, const run::RunOutcome& outcome,
                                 const run::SimSetup& setup, const std::string& difference,
                                 const std::string& tries) const;

 private:
  void look(const Step& step);
  void look_closely(const Step& step);
  void look_where_told(const Step& step, const pagesim::Task& task);
  [[nodiscard]] bool needs_close_look(const Step& step) const;
  void take_words(const Step& step, const pagesim::Task& task);
  void take_outcome(const Step& step, const LineWords& line, std::int64_t ended);
  void take_faults(const Step& step);
  void take_why(const Step& step);
  [[nodiscard]] Space& space_of(std::uint32_t task) { return *spaces_[space_numbers_[task]]; }

  const script::Program& program_;
  LineReader reader_;
  SpaceChanges changes_;
  Deeds deeds_;
  std::vector<std::size_t> space_numbers_;  ///< by task of the program
  std::vector<std::unique_ptr<Space>> spaces_;
  /// `name` and `ended`: 0 where they are what the line lets expect; else 1: none, or two more than
  /// the name.
  Rows steps_{{"line", true}, {"task"},  {"name"},     {"ended"}, {"minor"},
              {"major"},      {"error"}, {"returned"}, {"ran"}};
  /// `run` faults a page apart. `code`: error code, or ESR on arm64; -1: none. `place`: of the
  /// first.
  Rows faults_{{"at", true}, {"run"},    {"access"}, {"mode"}, {"outcome"},
               {"cause"},    {"writer"}, {"code"},   {"place"}};
  /// Of steps with faults: sentences whose numbers are cut out, and the numbers.
  Rows why_{{"text"}};
  Rows why_numbers_{{"number"}};
  std::vector<std::uint64_t> locals_;  ///< by task: its thread-local page; 0: never lived
};

}  // namespace tools::explain
