// One program on both machines.
#include "tools/verbs/verification.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/report/chrome_trace.h"
#include "tools/report/fault_time.h"
#include "tools/report/run_text.h"
#include "tools/report/table.h"
#include "tools/run/place.h"

namespace tools::verbs {
namespace {

using report::grouped;
using report::Json;

constexpr report::Knowledge kSimulated{};

report::Knowledge known_of(const run::RunOutcome& kernel) {
  return {.causes = kernel.has_causes, .writers = false};
}

std::string in_words(const Verification& v, const run::Difference& difference) {
  return fmt::format("different at line {}: {}\n  {}: simulated  {}\n  {:>{}}  kernel     {}",
                     difference.line, report::op_text(v.program, difference.op), difference.subject,
                     difference.left, "", difference.subject.size() - 1, difference.right);
}

std::string in_words(const char* machine, const run::BrokenExpectation& broken) {
  return fmt::format("line {}: expect {}: {} gave {}", broken.expectation->line,
                     broken.expectation->text, machine, broken.got);
}

std::string agreement(const Verification& v) {
  const run::Comparison& sums = v.comparison;
  std::string text = fmt::format("equal: minor {}, major {} on both", grouped(sums.left.minor),
                                 grouped(sums.left.major));
  if (v.kernel->has_addresses) {
    const std::size_t faults = v.simulated.faults.size();
    text += faults == 1 ? "; 1 fault agrees"
                        : fmt::format("; {} faults agree one by one", grouped(faults));
  } else {
    text += "; counts alone were compared";
  }
  return text;
}

Json difference_json(const Verification& v) {
  if (!v.comparison.first) return nullptr;
  const run::Difference& first = *v.comparison.first;
  Json json;
  json["line"] = first.line;
  json["script"] = report::op_text(v.program, first.op);
  json["subject"] = first.subject;
  json["simulated"] = first.left;
  json["kernel"] = first.right;
  return json;
}

/// The words for a fault's byte, following one run.
class Namer {
 public:
  Namer(const script::Program& program, const run::RunOutcome& outcome)
      : program_{program}, places_{program, outcome} {}
  void advance(std::size_t op) { places_.advance(op); }
  [[nodiscard]] report::PlaceOf place_of() const {
    return [this](std::size_t op, const pagesim::FaultRecord& fault) {
      return places_.text(program_.ops[op].process, fault.address);
    };
  }

 private:
  const script::Program& program_;
  run::Places places_;
};

std::vector<report::Logged> logged(const Verification& v) {
  std::vector<report::Logged> runs{{v.program, v.simulated, kSimulated, "simulated"}};
  if (v.kernel) runs.push_back({v.program, *v.kernel, known_of(*v.kernel), "this kernel"});
  return runs;
}

Json ops_json(const Verification& v) {
  Json ops = Json::array();
  Namer simulated{v.program, v.simulated};
  std::optional<Namer> kernel;
  if (v.kernel) kernel.emplace(v.program, *v.kernel);
  for (std::size_t i = 0; i < v.program.ops.size(); ++i) {
    simulated.advance(i);
    Json op;
    op["line"] = v.program.ops[i].line;
    op["script"] = report::op_text(v.program, i);
    op["simulated"] = report::op_json(v.simulated, i, simulated.place_of(), kSimulated);
    op["kernel"] = nullptr;
    if (kernel) {
      kernel->advance(i);
      op["kernel"] = report::op_json(*v.kernel, i, kernel->place_of(), known_of(*v.kernel));
    }
    op["fault_time"] = report::op_time_json(v.fault_time, i);
    ops.push_back(std::move(op));
  }
  return ops;
}

}  // namespace

std::string Verification::verdict() const {
  std::string text;
  if (!kernel) {
    text = fmt::format("not run for real: {}", refused);
  } else if (comparison.first) {
    text = in_words(*this, *comparison.first);
  } else {
    text = agreement(*this);
  }
  for (const auto& broken : broken_simulated) {
    text += "\n  " + in_words("the simulated machine", broken);
  }
  for (const auto& broken : broken_kernel) text += "\n  " + in_words("this kernel", broken);
  return text;
}

Verification verify(script::Program program, const run::SimSetup& setup, run::Runner& kernel,
                    run::RunOptions options, const std::string& why_not_here) {
  Verification v;
  v.program = std::move(program);
  v.machine = setup.machine;
  options.with_rss = options.with_rss || run::expects_rss(v.program);
  v.refused = why_not_here;
  if (v.refused.empty()) {
    try {
      v.kernel = kernel.run(v.program, options);
    } catch (const run::Unsupported& refused) {
      v.refused = refused.what();
    }
  }
  // Which of the heap's bytes are aligned, and which huge pages it has, hangs on where it begins.
  run::SimRunner simulated{v.kernel ? with_heap_of(setup, *v.kernel) : setup};
  v.simulated = simulated.run(v.program, options);
  v.broken_simulated = run::check_expectations(v.program, v.simulated);
  if (!v.kernel) return v;
  v.broken_kernel = run::check_expectations(v.program, *v.kernel);
  v.comparison = run::compare_runs(v.program, v.simulated, *v.kernel);
  return v;
}

std::string side_by_side(const Verification& v) {
  report::Table table{{{"line"},
                       {"operation", report::Align::Left},
                       {"simulated"},
                       {"kernel"},
                       {"", report::Align::Left},
                       {"faults", report::Align::Left}}};
  run::Places places{v.program, v.simulated};
  for (std::size_t i = 0; i < v.program.ops.size(); ++i) {
    places.advance(i);
    const run::OpOutcome& op = v.simulated.ops[i];
    const auto counts = [](const run::OpOutcome& cost) {
      return cost.major == 0 ? grouped(cost.minor)
                             : fmt::format("{}+{} major", grouped(cost.minor), cost.major);
    };
    const bool known = v.kernel.has_value();
    table.add({std::to_string(v.program.ops[i].line), report::op_text(v.program, i), counts(op),
               known ? counts(v.kernel->ops[i]) : "?",
               known && !v.comparison.ops[i].equal ? "differs" : "",
               report::faults_text(v.simulated, i, v.program.ops[i].process, places, kSimulated)});
  }
  return table.to_text();
}

std::string fault_logs(const Verification& v) {
  std::string text;
  for (const report::Logged& run : logged(v)) text += report::fault_log(run);
  if (!v.kernel) text += fmt::format("# {}\n", v.verdict());
  return text;
}

report::Json chrome_trace(const Verification& v) { return report::chrome_trace(logged(v)); }

report::Json to_json(const Verification& v) {
  Json json;
  json["version"] = 1;
  json["file"] = v.program.path;
  json["allocator"] = v.allocator;
  json["machine"] = v.machine;
  json["equal"] = v.kernel ? Json(v.equal()) : Json(nullptr);
  json["simulated"] = report::totals_json(v.program, v.simulated, kSimulated);
  json["kernel"] =
      v.kernel ? report::totals_json(v.program, *v.kernel, known_of(*v.kernel)) : Json(nullptr);
  json["fault_time"] = report::to_json(v.fault_time);
  json["refused"] = v.refused.empty() ? Json(nullptr) : Json(v.refused);
  json["ops"] = ops_json(v);
  json["first_difference"] = difference_json(v);
  json["broken_expectations"] = Json::array();
  for (const auto& broken : v.broken_simulated) {
    json["broken_expectations"].push_back(in_words("the simulated machine", broken));
  }
  for (const auto& broken : v.broken_kernel) {
    json["broken_expectations"].push_back(in_words("this kernel", broken));
  }
  return json;
}

}  // namespace tools::verbs
