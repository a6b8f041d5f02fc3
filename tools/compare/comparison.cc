// Summing up.
#include "tools/compare/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace tools::compare {
namespace {

template <class T>
std::optional<double> known(T value) {
  return static_cast<double>(value);
}

template <class Value>
std::optional<double> if_known(const Run& run, Value value) {
  return run.counts ? known(value()) : std::nullopt;
}

/// The good runs, those with the fewest faults first.
std::vector<std::size_t> by_faults(const Entry& entry) {
  const auto faults = [&](std::size_t i) {
    return entry.runs[i].end.minor + entry.runs[i].end.major;
  };
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < entry.runs.size(); ++i) {
    if (entry.runs[i].good) good.push_back(i);
  }
  std::stable_sort(good.begin(), good.end(),
                   [&](std::size_t a, std::size_t b) { return faults(a) < faults(b); });
  return good;
}

std::vector<double> values(const Entry& entry, const Figure& figure) {
  std::vector<double> all;
  for (const Run& run : entry.runs) {
    if (!run.good) continue;
    if (const auto value = figure.of(run)) all.push_back(*value);
  }
  return all;
}

}  // namespace

std::int64_t Run::kernel_share() const noexcept {
  return static_cast<std::int64_t>(end.minor + end.major) -
         static_cast<std::int64_t>(counts->total());
}

const Run* Entry::typical() const {
  const std::vector<std::size_t> good = by_faults(*this);
  return good.empty() ? nullptr : &runs[good[(good.size() - 1) / 2]];
}

/// A run has as many below it as now, or up to `more` others; with all of them still to come the
/// middle lies furthest up.
void Entry::drop_lists(std::size_t more) {
  const std::vector<std::size_t> good = by_faults(*this);
  const std::size_t middle = (good.size() + more - 1) / 2;
  for (Run& run : runs) {
    if (!run.good) run.list.reset();
  }
  for (std::size_t below = 0; below < good.size(); ++below) {
    if (below > middle || below + more < middle) runs[good[below]].list.reset();
  }
}

std::size_t Entry::good_runs() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const Run& run) { return run.good; }));
}

std::string Entry::status() const {
  std::map<std::string, std::size_t> others;
  for (const Run& run : runs) {
    if (!run.good) ++others[run.end.words()];
  }
  std::string text;
  for (const auto& [words, times] : others) {
    text += fmt::format("{}{} of {}: {}", text.empty() ? "" : ", ", times, runs.size(), words);
  }
  return text.empty() ? "ok" : text;
}

bool Comparison::all_good() const noexcept {
  return std::all_of(entries.begin(), entries.end(),
                     [](const Entry& entry) { return entry.good_runs() == entry.runs.size(); });
}

const std::vector<Figure>& figures() {
  using Unit = Figure::Unit;
  static const std::vector<Figure> kFigures = {
      {"minor", "minor", Unit::Count, [](const Run& r) { return known(r.end.minor); }},
      {"major", "major", Unit::Count, [](const Run& r) { return known(r.end.major); }},
      {"faults_in_malloc", "in malloc", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.counts->in_malloc; }); }},
      {"faults_in_program", "in program", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.counts->in_program; }); }},
      {"faults_in_kernel", "in kernel", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.kernel_share(); }); }},
      {"peak_rss_kb", "peak RSS", Unit::Kilobytes,
       [](const Run& r) { return known(r.end.peak_rss_kb); }},
      {"wall_s", "wall", Unit::Seconds, [](const Run& r) { return known(r.end.wall_s); }},
      {"user_s", "user", Unit::Seconds, [](const Run& r) { return known(r.end.user_s); }},
      {"sys_s", "system", Unit::Seconds, [](const Run& r) { return known(r.end.sys_s); }}};
  return kFigures;
}

Measured measured(const Comparison& comparison, std::size_t entry, const Figure& figure) {
  const auto here = values(comparison.entries[entry], figure);
  if (here.empty()) return {};
  Measured result{summarize(here), {}};
  const auto first = values(comparison.entries.front(), figure);
  if (entry != 0 && !first.empty()) result.p = p_value(first, here);
  return result;
}

}  // namespace tools::compare
