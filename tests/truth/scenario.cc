// A scenario of the fault vectors: a script, and what a real kernel did for each of its lines.
#include "tests/truth/scenario.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace truth {
namespace {

using nlohmann::json;

template <class T>
std::optional<T> maybe(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

Fault fault_of(const json& object) {
  return {object.at("place"),
          object.at("access"),
          object.at("counted"),
          object.at("mode"),
          maybe<std::int64_t>(object, "x86_error"),
          maybe<std::string>(object, "cause")};
}

Signal signal_of(const json& object) {
  return {object.at("name"),
          object.at("code"),
          object.at("trap"),
          object.at("x86_error"),
          maybe<std::string>(object, "address"),
          maybe<std::string>(object, "place")};
}

Operation operation_of(const json& object) {
  Operation op;
  op.minor = object.at("minor");
  op.major = object.at("major");
  op.gup = maybe<std::int64_t>(object, "gup").value_or(0);
  op.unlocated = maybe<std::int64_t>(object, "unlocated").value_or(0);
  op.charged_to = maybe<std::string>(object, "charged_to").value_or("");
  op.faults_truncated = object.contains("faults_truncated");
  for (const json& fault : object.at("faults")) op.faults.push_back(fault_of(fault));
  if (const json& rss = object.at("rss_kb"); rss.is_object()) {
    for (const auto& [key, value] : rss.items()) {
      if (value.is_number()) op.rss_kb.emplace(key, value.get<std::int64_t>());
    }
  }
  if (const json& signal = object.at("signal"); !signal.is_null()) op.signal = signal_of(signal);
  op.returned = maybe<std::int64_t>(object, "returned");
  op.error = maybe<std::string>(object, "error");
  return op;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

States states_of(const json& object) {
  return {object.at("after"), object.at("process"), object.at("range"),
          object.at("states").get<std::vector<std::string>>(), split(object.at("letters"))};
}

CachedPages cached_of(const json& object) {
  return {object.at("after"), object.at("file"),
          object.at("cached").get<std::vector<std::pair<std::int64_t, std::int64_t>>>()};
}

Scenario scenario_of(const json& object) {
  Scenario scenario;
  scenario.id = object.at("id");
  scenario.title = object.at("title");
  scenario.environment = object.at("env");
  scenario.level = object.at("level");
  scenario.script = object.at("script").get<std::vector<std::string>>();
  for (const json& op : object.at("ops")) scenario.operations.push_back(operation_of(op));
  for (const json& states : object.at("states")) scenario.states.push_back(states_of(states));
  for (const json& cached : object.at("page_cache")) {
    scenario.page_cache.push_back(cached_of(cached));
  }
  const json& totals = object.at("totals");
  scenario.minor = totals.at("minor");
  scenario.major = totals.at("major");
  for (const auto& [process, counts] : totals.at("by_process").items()) {
    scenario.by_process[process] = {counts.at("minor"), counts.at("major")};
  }
  return scenario;
}

}  // namespace

std::string directory() {
  const char* const chosen = std::getenv("FAULTLINE_TRUTH");
  return chosen != nullptr && *chosen != '\0' ? chosen : FAULTLINE_TRUTH_COPY;
}

std::vector<Scenario> load(const std::string& path) {
  std::ifstream in{path};
  if (!in) throw std::runtime_error{fmt::format("cannot read {}", path)};
  std::vector<Scenario> scenarios;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    try {
      scenarios.push_back(scenario_of(json::parse(line)));
    } catch (const json::exception& error) {
      throw std::runtime_error{fmt::format("{}:{}: {}", path, number, error.what())};
    }
  }
  return scenarios;
}

std::vector<Scenario> load_all() {
  std::vector<Scenario> scenarios = load(directory() + "/mm.jsonl");
  const std::string more = directory() + "/mm-large-folio.jsonl";
  if (!std::filesystem::exists(more)) return scenarios;
  for (Scenario& scenario : load(more)) scenarios.push_back(std::move(scenario));
  return scenarios;
}

}  // namespace truth
