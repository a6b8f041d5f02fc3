// Deeds: the decisions and stores of each step, told by forecasts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/explain/page/forecast.h"
#include "tools/explain/page/line_words.h"
#include "tools/explain/page/space.h"
#include "tools/explain/step.h"

namespace tools::explain {

/// malloc's own words, not what it clears or copies.
[[nodiscard]] bool is_word(const run::sim::LoggedAccess& access);

/// A step's decisions and stores, in order, are its shape: most steps have one of few shapes. What
/// differs from one step of a shape to the next are numbers: the arguments of decisions, the places
/// of stores and the address returned; after them the values stored and the names of the chunks
/// that decisions speak of. Each is told by the forecast for its meaning (Forecasts::Key): the last
/// decision, how many stores after it, the item itself, and which of its numbers.
class Deeds {
 public:
  Deeds(const script::Program& program, Texts& texts);

  /// `line`: of the script, for the step. `ended`: the name that stands for nothing any more, or
  /// -1. `space` has the words of before the step, and afterwards those that are told here.
  void take(const Step& step, const LineWords& line, std::int64_t ended, Space& space);
  /// {"kinds":[...],"shapes":[[kind,...],...],"shape":[of step 0,...],"forecasts":{...}}
  [[nodiscard]] std::string json() const;

 private:
  /// What an item is: the words of a decision, or [writer, bytes, faults, form] of a store.
  struct Kind {
    std::string json;
    std::string letters{};  ///< the arguments that the words have places for: a, b, c, or A, B, C
  };
  /// Told when all addresses are known. `here`: where its address stands among the numbers.
  struct Later {
    Forecasts::Key key{};
    std::size_t here = 0;
    std::uint64_t bytes = 0;  ///< of a value; a name has none
  };

  /// What a store left.
  struct Left {
    std::uint64_t bytes = 0;
    std::uint64_t value = 0;
  };

  void take_lines(const Step& step);
  void take_accesses(const Step& step);
  void take_note(const run::sim::Note& note);
  void take_access(const Step& step, const run::sim::LoggedAccess& access);
  void take_values(const pagesim::Task& task);
  void take_names(const Step& step);
  void bind(const Step& step, std::int64_t ended);
  void end();

  [[nodiscard]] Sight sight(std::size_t here) const {
    return {numbers_, here, *space_, 0, 0, &stores_};
  }
  [[nodiscard]] Forecasts::Key key(int argument) const;
  void tell(int argument, std::int64_t number);
  void begin_item(std::size_t kind);
  [[nodiscard]] std::size_t kind_of(const run::sim::Note& note);
  [[nodiscard]] std::size_t kind_of_store(std::uint64_t writer, std::uint64_t bytes,
                                          std::uint64_t faults, int form);

  const script::Program& program_;
  Texts& texts_;
  std::vector<Kind> kinds_;
  std::unordered_map<std::string_view, std::size_t> note_kinds_;  ///< by their words
  std::unordered_map<std::uint64_t, std::size_t> store_kinds_;    ///< by what they are, packed
  std::unordered_map<std::string, std::size_t> shapes_;           ///< "kind,kind,..." -> index
  std::string shape_list_;
  std::string shape_of_step_;
  Forecasts forecasts_;
  std::vector<std::int64_t> bound_;                        ///< by name: its last address
  std::unordered_map<std::int64_t, std::int64_t> labels_;  ///< address -> name in use

  // Of the step under way.
  const Space* space_ = nullptr;
  std::vector<std::int64_t> numbers_;
  std::vector<std::int64_t> stores_;  ///< addresses of malloc's
  std::string shape_;
  std::size_t decision_ = 0;  ///< the last one's kind, from 1; 0: none yet
  std::size_t since_ = 0;     ///< items since
  std::size_t item_ = 0;      ///< the item's kind, from 1
  std::vector<Later> values_;
  std::vector<Later> names_;
  std::unordered_map<std::int64_t, Left> left_;  ///< by address
};

}  // namespace tools::explain
