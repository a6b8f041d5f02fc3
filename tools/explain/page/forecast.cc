// Foreseeing numbers, and choosing the rule that does it best.
#include "tools/explain/page/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "allocator/chunk.h"
#include "tools/explain/page/space.h"

namespace tools::explain {
namespace {

using Kind = Rule::Kind;
using Seen = std::optional<std::int64_t>;

constexpr int kForward = 3;  ///< a stored value may look at addresses told after its own
constexpr int kBack = 14;

std::vector<Rule> all_rules() {
  std::vector<Rule> rules{{Kind::Last}, {Kind::Old}};
  for (int back = -kForward; back <= kBack; ++back) {
    for (const Kind kind : {Kind::Number, Kind::NextChunk, Kind::ChunkSize, Kind::MadeLink}) {
      rules.push_back({kind, 0, back});
    }
    for (const int offset : {0, 8, 16, 24, -8}) rules.push_back({Kind::Word, offset, back});
    for (const int offset : {0, 16}) rules.push_back({Kind::Link, offset, back});
    for (const int offset : {0, 8, 16}) rules.push_back({Kind::MadeOfWord, offset, back});
  }
  return rules;
}
const std::vector<Rule> kRules = all_rules();

Seen other(const Sight& sight, int back) {
  const auto place = static_cast<std::int64_t>(sight.here) - back;
  if (place < 0 || place >= static_cast<std::int64_t>(sight.numbers.size())) return {};
  const std::int64_t number = sight.numbers[static_cast<std::size_t>(place)];
  return number >= 0 && number <= kExact ? Seen{number} : Seen{};
}

/// A word that is no number of JavaScript's, or zero, or not known: none.
Seen word(const Sight& sight, std::int64_t at) {
  constexpr std::int64_t kFirstPage = 4096;
  if (at < kFirstPage) return {};
  const auto value = static_cast<std::int64_t>(
      sight.space.known_word(pagesim::VirtAddr{static_cast<std::uint64_t>(at) & ~7ULL}));
  return value > 0 && value <= kExact ? Seen{value} : Seen{};
}

Seen old_bytes(const Sight& sight) {
  if (sight.own_bytes == 0) return {};
  const Seen whole = word(sight, sight.own);
  if (!whole || sight.own_bytes == 8) return whole;
  return *whole >> (8 * (sight.own & 7)) & ((std::int64_t{1} << (8 * sight.own_bytes)) - 1);
}

/// A link is stored as what it leads to, exclusive-or its own page's number.
std::int64_t mangled(std::int64_t at, std::int64_t link) { return link ^ at >> 12; }

/// min. 32, of 16 bytes each, 8 of them malloc's.
std::int64_t chunk_size(std::int64_t request) {
  return std::max<std::int64_t>(32, request + 23 - (request + 23) % 16);
}

std::int64_t entry_bytes(Kind kind) { return kind == Kind::Bin ? 16 : 8; }

Seen look_in_memory(const Rule& rule, const Sight& sight, std::int64_t number) {
  if (rule.kind == Kind::Entry || rule.kind == Kind::Bin) {
    return word(sight, rule.offset + entry_bytes(rule.kind) * number);
  }
  const Seen value = word(sight, number + rule.offset);
  if (!value || rule.kind == Kind::Word) return value;
  return mangled(rule.kind == Kind::Link ? number + rule.offset : sight.own, *value);
}

/// What the rule foresees; of `Met` and `Last` the forecast itself knows.
Seen look(const Rule& rule, const Sight& sight) {
  if (rule.kind == Kind::Old) return old_bytes(sight);
  const Seen number = other(sight, rule.back);
  const bool made = rule.kind == Kind::MadeLink || rule.kind == Kind::MadeOfWord;
  if (!number || (made && sight.own_bytes == 0)) return {};
  if (rule.kind == Kind::Number) return number;
  if (rule.kind == Kind::ChunkSize) return chunk_size(*number);
  if (rule.kind == Kind::MadeLink) return mangled(sight.own, *number);
  if (rule.kind != Kind::NextChunk) return look_in_memory(rule, sight, *number);
  const Seen size = other(sight, rule.back - 1);
  return size ? Seen{*number + *size} : Seen{};
}

/// Tables that have the number at a place the step stores to: what is taken from one changes it.
/// The thread cache's have a chunk's user address.
std::vector<std::pair<Rule, std::int64_t>> tables_with(std::int64_t number, const Sight& sight) {
  constexpr std::int64_t kMostEntries = 128;
  std::vector<std::pair<Rule, std::int64_t>> tables;
  if (sight.stores == nullptr) return tables;
  for (const std::int64_t at : *sight.stores) {
    const std::int64_t more = word(sight, at).value_or(0) - number;
    if (more != 0 && more != allocator::kChunkHeader) continue;
    for (int back = 1; back <= kBack; ++back) {
      const Seen index = other(sight, back);
      if (!index || *index >= kMostEntries) continue;
      tables.push_back({{Kind::Entry, at - 8 * *index, back}, more});
      tables.push_back({{Kind::Bin, at - 16 * *index, back}, more});
    }
  }
  return tables;
}

void append(std::string& list, const std::string& text) {
  if (!list.empty()) list += ',';
  list += text;
}

}  // namespace

Seen Forecast::seen(const Sight& sight) const {
  if (rule_.kind == Kind::Last) return last_;
  if (rule_.kind != Kind::Met) return look(rule_, sight);
  const Seen number = other(sight, rule_.back);
  const auto found = number ? met_.find(*number) : met_.end();
  return found == met_.end() ? Seen{} : found->second;
}

/// The last kTrials of the first 16, 128, 1024, ... numbers.
bool Forecast::is_tried() noexcept {
  if (next_choice_ <= rows_) next_choice_ *= 8;
  return rows_ + kTrials >= next_choice_;
}

void Forecast::tell(std::int64_t number, const Sight& sight) {
  if (is_tried()) try_rules(number, sight);
  const Seen foreseen = seen(sight);
  const bool exact = number >= -kExact && number <= kExact;
  if (exact) {
    const std::int64_t rest = number - (foreseen ? *foreseen + added_ : last_);
    append_number(rest_, rest);
    foretold_ = foretold_ && rest == 0;
  } else {
    append(rest_, fmt::format("\"{}\"", number));
    foretold_ = false;
  }
  last_ = exact ? number : 0;
  if (rule_.kind == Kind::Met) {
    if (const Seen key = other(sight, rule_.back)) met_[*key] = last_;
  }
  ++rows_;
  if (trials_.size() == kTrials) choose();
}

void Forecast::try_rules(std::int64_t number, const Sight& sight) {
  Trial trial;
  trial.number = number >= -kExact && number <= kExact ? number : 0;
  trial.seen.reserve(kRules.size());
  trial.seen.emplace_back(last_);
  for (std::size_t i = 1; i < kRules.size(); ++i) trial.seen.push_back(look(kRules[i], sight));
  for (int back = -kForward; back <= kBack; ++back) {
    trial.others.push_back(other(sight, back).value_or(-1));
  }
  trial.tables = tables_with(number, sight);
  trials_.push_back(std::move(trial));
}

/// The rule whose most frequent difference comes most often.
struct Forecast::Choice {
  Rule rule;
  std::int64_t difference = 0;
  std::size_t hits = 0;
  std::size_t kinds = 0;                  ///< how many differences it has
  std::vector<std::int64_t> differences;  ///< of the rule looked at

  void consider(const Rule& candidate) {
    std::sort(differences.begin(), differences.end());
    Choice now{candidate, 0, 0, 0, {}};
    for (auto first = differences.begin(); first != differences.end(); ++now.kinds) {
      const auto end = std::upper_bound(first, differences.end(), *first);
      const auto count = static_cast<std::size_t>(end - first);
      if (count > now.hits) now.hits = count, now.difference = *first;
      first = end;
    }
    if (now.hits > hits || (now.hits == hits && now.kinds < kinds)) *this = std::move(now);
    differences.clear();
  }
};

void Forecast::choose_among_fixed(Choice& choice) const {
  for (std::size_t i = 0; i < kRules.size(); ++i) {
    for (const Trial& trial : trials_) {
      if (trial.seen[i]) choice.differences.push_back(trial.number - *trial.seen[i]);
    }
    choice.consider(kRules[i]);
  }
}

void Forecast::choose_among_met(Choice& choice) const {
  for (std::size_t place = 0; place < trials_.front().others.size(); ++place) {
    std::map<std::int64_t, std::int64_t> met;
    for (const Trial& trial : trials_) {
      const std::int64_t key = trial.others[place];
      const auto [found, is_new] = met.try_emplace(key, trial.number);
      if (key >= 0 && !is_new) choice.differences.push_back(trial.number - found->second);
      found->second = trial.number;
    }
    choice.consider({Kind::Met, 0, static_cast<int>(place) - kForward});
  }
}

void Forecast::choose_among_tables(Choice& choice) const {
  std::map<std::pair<Rule, std::int64_t>, std::size_t> hits;
  for (const Trial& trial : trials_) {
    for (const auto& table : trial.tables) ++hits[table];
  }
  for (const auto& [table, count] : hits) {
    choice.differences.assign(count, -table.second);
    choice.consider(table.first);
  }
}

void Forecast::choose() {
  Choice choice;
  choose_among_fixed(choice);
  choose_among_met(choice);
  choose_among_tables(choice);
  trials_.clear();
  const Rule& chosen = choice.rule;
  if (chosen == rule_ && choice.difference == added_) return;
  if (chosen != rule_) met_.clear();
  rule_ = chosen;
  added_ = choice.difference;
  append(rules_, fmt::format("[{},{},{},{},{}]", rows_, static_cast<int>(rule_.kind), rule_.offset,
                             rule_.back, added_));
}

std::string Forecast::rules_json() const { return '[' + rules_ + ']'; }
std::string Forecast::rest_json() const { return foretold_ ? "0" : '[' + rest_ + ']'; }

Forecast& Forecasts::operator[](const Key& key) {
  std::int64_t packed = 0;
  for (const std::int64_t part : key) packed = packed << 14 ^ part;
  const auto [found, is_new] = numbers_.try_emplace(packed, keys_.size());
  if (is_new) {
    keys_.push_back(key);
    forecasts_.emplace_back();
  }
  return forecasts_[found->second];
}

std::string Forecasts::json() const {
  std::string keys, rules, rest;
  for (const Key& key : keys_) append(keys, fmt::format("[{}]", fmt::join(key, ",")));
  for (const Forecast& forecast : forecasts_) {
    append(rules, forecast.rules_json());
    append(rest, forecast.rest_json());
  }
  return "{\"keys\":[" + keys + "],\"rules\":[" + rules + "],\"rest\":[" + rest + "]}";
}

}  // namespace tools::explain
