// One step as JSON: its cost, its receipt, why, and the pages it left.
#include "tools/explain/steps_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/script/print.h"

namespace tools::explain {
namespace {

using report::Json;

Json address(pagesim::VirtAddr at) { return fmt::format("{:#x}", at.raw()); }

Json faults_json(const Step& step) {
  Json json = Json::array();
  for (const pagesim::FaultRecord& fault : step.faults()) {
    const std::string place = step.places().text(step.op().process, fault.address);
    json.push_back(report::to_json(fault, place, {}));
  }
  return json;
}

Json stores_json(const Step& step) {
  Json json = Json::array();
  for (const ReceiptLine& line : step.receipt()) {
    if (line.access != pagesim::Access::Write) continue;
    json.push_back({{"address", address(line.at)},
                    {"bytes", line.bytes},
                    {"times", line.times},
                    {"apart", line.apart},
                    {"writer", to_string(line.writer)},
                    {"faults", line.faults.size()}});
  }
  return json;
}

Json pages_json(const Step& step) {
  Json json = Json::array();
  for (const PageStrip& strip : step.strips()) {
    Json runs = Json::array();
    for (const PagesAlike& run : strip.runs) {
      runs.push_back({{"pages", run.pages}, {"state", to_string(run.state)}});
    }
    json.push_back({{"begin", address(strip.begin)},
                    {"end", address(strip.end)},
                    {"name", strip.name},
                    {"runs", runs}});
  }
  return json;
}

}  // namespace

Json to_json(const Step& step) {
  const run::OpOutcome& outcome = step.outcome();
  Json json;
  json["line"] = step.op().line;
  json["script"] = script::to_text(step.program(), step.op());
  json["process"] = step.program().processes[step.op().process].name;
  json["ran"] = outcome.ran;
  json["minor"] = outcome.minor;
  json["major"] = outcome.major;
  json["address"] = outcome.address == 0 ? Json() : address(pagesim::VirtAddr{outcome.address});
  json["error"] = outcome.error == 0 ? Json() : Json(outcome.error);
  json["faults"] = faults_json(step);
  json["stores"] = stores_json(step);
  json["why"] = step.why();
  json["pages"] = step.task() == nullptr ? Json() : pages_json(step);
  return json;
}

}  // namespace tools::explain
