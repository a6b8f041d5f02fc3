// Forecast: a number that comes again and again, told by how much it differs from what is foreseen.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/explain/page/rows.h"

namespace tools::explain {

class Space;

/// What can be seen when a number is to be told.
struct Sight {
  const std::vector<std::int64_t>& numbers;  ///< those of the step, as far as they are told
  std::size_t here = 0;                      ///< its own place among them
  const Space& space;                        ///< whose words are those before the step
  std::int64_t own = 0;                      ///< a stored value: the address it is stored at
  std::int64_t own_bytes = 0;                ///< of it; 0: no stored value
  /// Where the step stores, told or not: tables are looked for there.
  const std::vector<std::int64_t>* stores = nullptr;
};

/// A way to foresee a number out of another, that stands `back` places before it.
struct Rule {
  enum class Kind : std::uint8_t {
    Last,        ///< as it was the last time
    Old,         ///< the bytes that are there before it is stored
    Number,      ///< the other number
    NextChunk,   ///< the other number and the one behind it: a chunk's address and its size
    ChunkSize,   ///< the other number as request2size has it
    Word,        ///< the word at the other number + offset
    Link,        ///< the same, unmangled: a link of the thread cache and the fast bins
    MadeLink,    ///< the other number, mangled for where it is stored
    MadeOfWord,  ///< the word at the other number + offset, mangled so
    Met,         ///< as it was when the other number was last the same
    Entry,       ///< the word at offset + 8 times the other number: the thread cache's lists
    Bin          ///< the word at offset + 16 times the other number: the bins
  };
  Kind kind = Kind::Last;
  std::int64_t offset = 0;
  int back = 0;
  friend auto operator<=>(const Rule&, const Rule&) = default;
};

/// The numbers of one meaning, in order. The rule is chosen anew now and then, by which would have
/// told the last few best. The page does the same sums (web/forecast.js).
class Forecast {
 public:
  void tell(std::int64_t number, const Sight& sight);
  /// [[row from which on it holds, kind, offset, back, what is added],...]
  [[nodiscard]] std::string rules_json() const;
  /// [difference,...], or 0 where there is none. A number beyond kExact stands for itself, as a
  /// text.
  [[nodiscard]] std::string rest_json() const;

 private:
  static constexpr std::size_t kTrials = 16;  ///< numbers that a choice is made from
  struct Choice;
  struct Trial {
    std::int64_t number = 0;
    std::vector<std::optional<std::int64_t>> seen;  ///< by each rule, `Met` aside
    std::vector<std::int64_t> others;               ///< by place; -1: none
    /// Those that have the number, or one that is so much greater.
    std::vector<std::pair<Rule, std::int64_t>> tables;
  };
  [[nodiscard]] std::optional<std::int64_t> seen(const Sight& sight) const;
  [[nodiscard]] bool is_tried() noexcept;
  void try_rules(std::int64_t number, const Sight& sight);
  void choose();
  void choose_among_fixed(Choice& choice) const;
  void choose_among_met(Choice& choice) const;
  void choose_among_tables(Choice& choice) const;

  Rule rule_;
  std::int64_t added_ = 0;
  std::int64_t last_ = 0;
  std::unordered_map<std::int64_t, std::int64_t> met_;  ///< other number -> number
  std::vector<Trial> trials_;
  std::uint64_t rows_ = 0;
  std::uint64_t next_choice_ = kTrials;  ///< before which row the rule is chosen anew
  bool foretold_ = true;                 ///< so far nothing differed
  std::string rest_;
  std::string rules_;
};

/// Forecasts by what their numbers mean: a key of four small numbers.
class Forecasts {
 public:
  using Key = std::array<std::int64_t, 4>;
  Forecast& operator[](const Key& key);
  /// {"keys":[[...],...],"rules":[...],"rest":[...]}
  [[nodiscard]] std::string json() const;

 private:
  std::unordered_map<std::int64_t, std::size_t> numbers_;  ///< packed key -> index
  std::vector<Key> keys_;
  std::vector<Forecast> forecasts_;
};

}  // namespace tools::explain
