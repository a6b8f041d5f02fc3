// Names and sums.
#include "tools/compare/split.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tools/compare/system_call.h"

namespace tools::compare {
namespace {

constexpr const char* kNotKnown = "unknown";

/// By name, in its order.
using NamedCounts = std::map<std::string, std::int64_t>;

std::int64_t sum(const NamedCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0},
                         [](std::int64_t all, const auto& each) { return all + each.second; });
}

/// What is left of `all` is unknown.
Split completed(NamedCounts counts, std::int64_t all) {
  const std::int64_t left = all - sum(counts);
  if (left != 0) counts[kNotKnown] += left;
  return {counts.begin(), counts.end()};
}

}  // namespace

Split by_cause(const Run& run) {
  Split split;
  for (std::size_t i = 0; i < pagesim::kCauses; ++i) {
    split.emplace_back(to_string(static_cast<pagesim::Cause>(i)), run.faults->by_cause[i]);
  }
  return split;
}

/// The kernel's share is no count of events: it has a column, and a key, of its own.
Split by_writer(const Run& run) {
  Split split;
  for (std::size_t i = 0; i < allocator::kWriters; ++i) {
    const auto writer = static_cast<allocator::Writer>(i);
    if (writer != allocator::Writer::Kernel)
      split.emplace_back(to_string(writer), run.faults->by_writer[i]);
  }
  split.emplace_back(kNotKnown, run.faults->writer_unknown);
  return split;
}

Split kernel_by_call(const Run& run) {
  NamedCounts counts;
  for (const auto& [call, faults] : run.faults->kernel_by_call) {
    counts[system_call_name(call)] += static_cast<std::int64_t>(faults);
  }
  NamedCounts populated;
  for (const auto& [call, faults] : run.faults->populated) {
    populated[system_call_name(call)] += static_cast<std::int64_t>(faults);
  }
  if (sum(populated) <= run.kernel_share() - sum(counts)) {
    for (const auto& [name, faults] : populated) counts[name] += faults;
  }
  return completed(std::move(counts), run.kernel_share());
}

Split by_error_code(const Run& run) {
  NamedCounts counts;
  for (const auto& [code, faults] : run.faults->by_error_code) {
    counts[fmt::format("{:#04x}", code)] += static_cast<std::int64_t>(faults);
  }
  if (counts.empty()) return {};
  return completed(std::move(counts), static_cast<std::int64_t>(run.end.minor + run.end.major));
}

report::Json to_json(const Split& split) {
  report::Json json;
  for (const auto& [name, count] : split) {
    if (count != 0) json[name] = count;
  }
  return json;
}

}  // namespace tools::compare
