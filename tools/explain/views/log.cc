// The views "log" and "path": every fault so far, as a tracer prints it and function by function.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "pagesim/era.h"
#include "tools/explain/explain.h"
#include "tools/explain/view.h"
#include "tools/report/fault_log.h"
#include "tools/report/run_text.h"

namespace tools::explain {
namespace {

constexpr std::array<std::pair<std::string_view, pagesim::Era>, 3> kEras = {
    {{"2.4", pagesim::Era::Linux24},
     {"2.6", pagesim::Era::Linux26},
     {"today", pagesim::Era::Today}}};

std::string path_text(const pagesim::FaultRecord& fault, pagesim::Era era) {
  std::string text;
  for (const std::string_view function : pagesim::fault_path(fault, era)) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", function);
  }
  return text;
}

/// The paths of one operation's faults, each once.
std::string paths_of(const Look& look, std::size_t op, pagesim::Era era) {
  const run::RunOutcome& outcome = look.run.so_far();
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < outcome.ops[op].fault_count; ++i) {
    std::string path = path_text(outcome.faults[outcome.ops[op].first_fault + i], era);
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
  if (paths.empty()) return {};
  std::string text =
      fmt::format("line {}: {}\n", look.program.ops[op].line, report::op_text(look.program, op));
  for (const std::string& path : paths) text += fold(path, 2, kWidth);
  return text;
}

}  // namespace

bool is_era(std::string_view word) {
  return std::any_of(kEras.begin(), kEras.end(),
                     [&](const auto& era) { return era.first == word; });
}

std::string show_path(const ViewRequest& request, const Look& look) {
  const auto* const era = std::find_if(kEras.begin(), kEras.end(), [&](const auto& entry) {
    return entry.first == request.place_text;
  });
  std::string text;
  for (std::size_t op = 0; op <= request.op; ++op) text += paths_of(look, op, era->second);
  return text.empty() ? "no fault yet\n" : text;
}

std::string show_log(const ViewRequest& /*request*/, const Look& look) {
  const std::string log = report::fault_log({look.program, look.run.so_far(), {}, ""});
  const auto first = log.find('\n') + 1;  // the comment above it says what the heading says
  return "number, process, address, access, type, cause and place:\n" + log.substr(first);
}

}  // namespace tools::explain
