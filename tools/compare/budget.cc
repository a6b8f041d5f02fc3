// Comparing with a number, or with an earlier run.
#include "tools/compare/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "tools/compare/site_table.h"
#include "tools/report/table.h"

namespace tools::compare {
namespace {

using report::grouped;
using report::Json;

constexpr double kAlwaysAllowed = 16;  // runs of one program differ by some
constexpr std::size_t kSitesNamed = 5;

std::optional<double> median(const Entry& entry, double (*of)(const Run&)) {
  std::vector<double> values;
  for (const Run& run : entry.runs) {
    if (run.good) values.push_back(of(run));
  }
  return values.empty() ? std::nullopt : std::optional{summarize(values).median};
}

std::optional<double> median_faults(const Entry& entry) {
  return median(entry,
                [](const Run& run) { return static_cast<double>(run.end.minor + run.end.major); });
}

std::string count(double value) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))));
}

/// Faults of one function. Lines are left out: they move with every edit.
struct Function {
  std::string site;  ///< one of its sites, to name it by
  double faults = 0, before = 0;
  [[nodiscard]] double growth() const noexcept { return faults - before; }
};
using Functions = std::map<std::string, Function>;

/// By function, or by place in the file where there is no symbol, and by who paid.
std::string key_of(const Json& site) {
  const Json& function = site.at("function");
  const Json& object = site.at("object");
  if (function.is_null()) return site.at("site").get<std::string>();
  const auto path = object.is_null() ? std::string{} : object.get<std::string>();
  return fmt::format("{} [{}] {}", function.get<std::string>(),
                     std::filesystem::path{path}.filename().string(),
                     site.at("payer").get<std::string>());
}

void add(Functions& functions, const Json& by_site, double Function::*faults) {
  if (by_site.is_null()) return;
  for (const Json& site : by_site) {
    Function& function = functions[key_of(site)];
    if (function.site.empty()) function.site = site.at("site").get<std::string>();
    function.*faults += site.at("faults").get<double>();
  }
}

Json sites_of(const Entry& entry) {
  return entry.profile ? by_site_json(*entry.profile, *entry.typical()) : Json(nullptr);
}

std::vector<Function> most_grown(const Functions& functions) {
  std::vector<Function> all;
  for (const auto& [key, function] : functions) all.push_back(function);
  std::stable_sort(all.begin(), all.end(),
                   [](const Function& a, const Function& b) { return a.growth() > b.growth(); });
  return all;
}

/// The sites of the program with the most faults, a line each.
std::string top_sites(const Entry& entry) {
  std::string text;
  if (!entry.profile) return text;
  const auto& sites = entry.profile->sites;
  for (std::size_t i = 0; i < std::min(kSitesNamed, sites.size()); ++i) {
    text += fmt::format("\n  {:>12}  {}", grouped(sites[i].faults), sites[i].label());
  }
  return text;
}

class Judge {
 public:
  Judge(const Comparison& comparison, const Budget& budget)
      : comparison_{comparison}, budget_{budget} {}

  Verdict run() {
    for (const Entry& entry : comparison_.entries) {
      const auto faults = median_faults(entry);
      if (!faults) continue;  // no run was good: its status is an error of its own
      judge_limits(entry, *faults);
      if (budget_.baseline) judge_growth(entry, *faults);
    }
    return std::move(verdict_);
  }

 private:
  void judge_limits(const Entry& entry, double faults) {
    if (budget_.max_faults && faults > static_cast<double>(*budget_.max_faults)) {
      verdict_.over.push_back(fmt::format(
          "{}: {} faults, over the budget of {}; most of them at:{}", entry.subject.name,
          count(faults), grouped(*budget_.max_faults), top_sites(entry)));
    }
    const double rss = *median(
        entry, [](const Run& run) { return static_cast<double>(run.end.peak_rss_kb) * 1024; });
    if (budget_.max_rss_bytes && rss > static_cast<double>(*budget_.max_rss_bytes)) {
      verdict_.over.push_back(fmt::format(
          "{}: peak RSS {}, over the budget of {}.", entry.subject.name,
          report::bytes(static_cast<std::uint64_t>(rss)), report::bytes(*budget_.max_rss_bytes)));
    }
  }

  /// The same subject in the baseline; null: it is not there, or had no good run.
  [[nodiscard]] const Json* before(const std::string& name) const {
    for (const Json& allocator : budget_.baseline->at("allocators")) {
      if (allocator.at("name") == name && !allocator.at("minor").is_null()) return &allocator;
    }
    return nullptr;
  }

  void judge_growth(const Entry& entry, double faults) {
    const Json* const old = before(entry.subject.name);
    if (old == nullptr) {
      verdict_.remarks.push_back(entry.subject.name + ": the baseline has no run of it.");
      return;
    }
    const double was =
        old->at("minor").at("median").get<double>() + old->at("major").at("median").get<double>();
    const double allowed = std::max(kAlwaysAllowed, was * budget_.tolerance / 100);
    Functions functions;
    add(functions, old->at("typical_run").at("by_site"), &Function::before);
    add(functions, sites_of(entry), &Function::faults);
    if (faults - was > allowed) {
      verdict_.over.push_back(fmt::format("{}: {} faults, {} more than the baseline's {}{}",
                                          entry.subject.name, count(faults), count(faults - was),
                                          count(was), grown(functions, (faults - was) / 20)));
    } else if (const std::string sites = grown(functions, allowed); !sites.empty()) {
      verdict_.over.push_back(fmt::format("{}: as many faults as the baseline within {}, but{}",
                                          entry.subject.name, count(allowed), sites));
    }
  }

  /// The sites that grew by more than `allowed`; only where both runs had sites.
  static std::string grown(const Functions& functions, double allowed) {
    std::string text;
    std::size_t named = 0;
    for (const Function& function : most_grown(functions)) {
      if (function.growth() <= allowed || named++ == kSitesNamed) break;
      text +=
          fmt::format("\n  {:>+12}  {}: {}, was {}", static_cast<std::int64_t>(function.growth()),
                      function.site, count(function.faults), count(function.before));
    }
    return text;
  }

  const Comparison& comparison_;
  const Budget& budget_;
  Verdict verdict_;
};

}  // namespace

Verdict judge(const Comparison& comparison, const Budget& budget) {
  try {
    return Judge{comparison, budget}.run();
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error{
        "the baseline is no comparison; make one with `faultline compare --format json -o FILE`."};
  }
}

}  // namespace tools::compare
