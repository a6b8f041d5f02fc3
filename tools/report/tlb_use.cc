// What a simulated run used of the TLB, for people and for programs.
#include "tools/report/tlb_use.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tools/report/table.h"

namespace tools::report {
namespace {

using pagesim::FlushCounts;
using pagesim::kernel::FlushKind;
using pagesim::kernel::TableChange;

/// Calls visit(name of the change, its counts) for each change that asked for a flush.
template <class Visit>
void each_change(const pagesim::TlbUse& use, Visit visit) {
  for (std::size_t change = 0; change < use.flushes.size(); ++change) {
    const FlushCounts& counts = use.flushes[change];
    if (counts.asked != FlushCounts{}.asked)
      visit(to_string(static_cast<TableChange>(change)), counts);
  }
}

/// "page 1, all 2".
std::string kinds_text(const FlushCounts& counts) {
  std::string text;
  for (std::size_t kind = 0; kind < counts.asked.size(); ++kind) {
    if (counts.asked[kind] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        to_string(static_cast<FlushKind>(kind)), grouped(counts.asked[kind]));
  }
  return text;
}

/// Entries behind the summary's label, as many in a line as fit a terminal.
std::string in_lines(const std::vector<std::string>& entries) {
  constexpr std::size_t kWidth = 80;
  const std::string indent(11, ' ');
  std::string text;
  std::size_t column = indent.size();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string entry = entries[i] + (i + 1 < entries.size() ? "," : "");
    const bool breaks = i != 0 && column + 1 + entry.size() > kWidth;
    if (breaks) {
      column = indent.size();
      text.append(1, '\n').append(indent);
    } else if (i != 0) {
      text += ' ';
    }
    text += entry;
    column += entry.size() + 1;
  }
  return text;
}

std::string flushes_text(const pagesim::TlbUse& use) {
  std::vector<std::string> entries;
  std::uint64_t dropped = 0;
  each_change(use, [&](std::string_view change, const FlushCounts& counts) {
    entries.push_back(fmt::format("{} ({})", change, kinds_text(counts)));
    dropped += counts.dropped;
  });
  if (entries.empty()) return "none";
  entries.push_back(fmt::format("{} translations dropped", grouped(dropped)));
  return in_lines(entries);
}

}  // namespace

std::string to_text(const pagesim::TlbUse& use) {
  const pagesim::hardware::TlbCounters& counters = use.counters;
  return fmt::format(
      "TLB        hits {}, second level {}, walks {} (misses {}, rechecks {})\n"
      "flushes    {}\n",
      grouped(counters.hits), grouped(counters.second_hits), grouped(counters.walks()),
      grouped(counters.misses), grouped(counters.rechecks), flushes_text(use));
}

Json to_json(const pagesim::TlbUse& use) {
  const pagesim::hardware::TlbCounters& counters = use.counters;
  Json json{{"hits", counters.hits},
            {"second_hits", counters.second_hits},
            {"misses", counters.misses},
            {"rechecks", counters.rechecks},
            {"walks", counters.walks()},
            {"switches", counters.switches},
            {"asid_flushes", counters.asid_flushes}};
  json["flushes"] = Json::object();
  each_change(use, [&](std::string_view change, const FlushCounts& counts) {
    Json& row = json["flushes"][std::string{change}];
    for (std::size_t kind = 0; kind < counts.asked.size(); ++kind)
      row[std::string{to_string(static_cast<FlushKind>(kind))}] = counts.asked[kind];
    row["dropped"] = counts.dropped;
  });
  return json;
}

}  // namespace tools::report
