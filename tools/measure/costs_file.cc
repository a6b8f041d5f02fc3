// The costs file: a calibration, kept between runs.
#include "tools/measure/costs_file.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tools::measure {
namespace {

using nlohmann::ordered_json;
using pagesim::Costs;
using pagesim::FaultKind;
using pagesim::Figure;

constexpr int kVersion = 1;
constexpr const char* kRemedy = "run \"faultline doctor --calibrate\"";

std::string kernel() {
  utsname system{};
  uname(&system);
  return fmt::format("{} {}", system.release, system.machine);
}

/// As /proc/cpuinfo names it; empty where it does not.
std::string processor() {
  std::ifstream in{"/proc/cpuinfo"};
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return {};
}

ordered_json figure_json(const std::optional<Figure>& figure) {
  if (!figure) return nullptr;
  return {{"ns", figure->ns}, {"spread", figure->spread}};
}

Figure figure_of(const nlohmann::json& json) {
  const Figure figure{json.at("ns"), json.at("spread")};
  if (!std::isfinite(figure.ns) || figure.ns < 0) throw std::out_of_range{"a time below 0"};
  return figure;
}

std::optional<Figure> figure_or_nothing(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  return figure_of(json);
}

ordered_json to_json(const Costs& costs) {
  ordered_json json;
  json["version"] = kVersion;
  json["kernel"] = kernel();
  json["processor"] = processor();
  for (std::size_t i = 0; i < pagesim::kFaultKinds; ++i)
    json["kinds"][std::string{to_string(static_cast<FaultKind>(i))}] = figure_json(costs.kinds[i]);
  json["recycled"] = ordered_json::array();
  for (const auto& frames : costs.recycled)
    json["recycled"].push_back({{"held", frames.held}, {"touch", figure_json(frames.touch)}});
  json["exception"] = figure_json(costs.exception);
  json["lookup"] = figure_json(costs.lookup);
  json["wait"] = figure_json(costs.wait);
  return json;
}

Costs costs_of(const nlohmann::json& json) {
  Costs costs;
  for (std::size_t i = 0; i < pagesim::kFaultKinds; ++i) {
    const std::string name{to_string(static_cast<FaultKind>(i))};
    costs.kinds[i] = figure_or_nothing(json.at("kinds").at(name));
  }
  for (std::size_t i = 0; i < costs.recycled.size(); ++i) {
    const auto& frames = json.at("recycled").at(i);
    costs.recycled.at(i) = {frames.at("held"), figure_of(frames.at("touch"))};
  }
  costs.exception = figure_or_nothing(json.at("exception"));
  costs.lookup = figure_or_nothing(json.at("lookup"));
  costs.wait = figure_or_nothing(json.at("wait"));
  return costs;
}

}  // namespace

std::string costs_path() {
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') return std::string{config} + "/faultline/costs.json";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::string{home} + "/.config/faultline/costs.json";
}

std::string costs_json(const Costs& costs) { return to_json(costs).dump(1); }

void save_costs(const Costs& costs, const std::string& path) {
  const auto refuse = [&path] {
    throw std::runtime_error{fmt::format(
        "{}: the calibration cannot be written; set XDG_CONFIG_HOME to another folder.", path)};
  };
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
  const std::string fresh = path + ".part";
  std::ofstream out{fresh, std::ios::trunc};
  out << costs_json(costs) << '\n' << std::flush;
  if (!out) refuse();
  std::filesystem::rename(fresh, path, error);
  if (error) refuse();
}

SavedCosts load_costs(const std::string& path) {
  std::ifstream in{path};
  if (!in) return {std::nullopt, fmt::format("not calibrated: {}", kRemedy)};
  try {
    const auto json = nlohmann::json::parse(in);
    if (json.at("kernel") != kernel() || json.at("processor") != processor())
      return {std::nullopt, fmt::format("{} is of another machine: {}", path, kRemedy)};
    return {costs_of(json), {}};
  } catch (const std::exception&) {
    return {std::nullopt,
            fmt::format("{} is no calibration: {} to write a new one", path, kRemedy)};
  }
}

}  // namespace tools::measure
