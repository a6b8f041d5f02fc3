// A run as JSON.
#include "tools/report/run_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "pagesim/hardware/arch/arm64.h"
#include "tools/report/tlb_use.h"
#include "tools/run/compare_runs.h"

namespace tools::report {
namespace {

template <class Words, class Counts>
Json counts_json(const Counts& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) json[std::string{to_string(static_cast<Words>(i))}] = counts[i];
  }
  return json;
}

/// arm64's words for an exception: the syndrome, the faulting address, the vector taken.
void add_syndrome(Json& json, std::uint32_t esr, pagesim::VirtAddr at) {
  if (esr == 0) return;
  json["esr"] = fmt::format("{:#x}", esr);
  json["far"] = fmt::format("{:#x}", at.raw());
  json["vector"] = fmt::format("{:#x}", pagesim::hardware::arm64::vector(esr));
}

Json address_json(std::uint64_t address) { return fmt::format("{:#x}", address); }

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

Json to_json(const pagesim::FaultRecord& fault, const std::string& place, const Knowledge& known) {
  Json json;
  json["seq"] = fault.sequence;
  json["process"] = fault.process;
  json["thread"] = fault.thread;
  json["place"] = place;
  json["address"] = address_json(fault.address.raw());
  json["access"] = fault.access ? Json(to_string(*fault.access)) : Json(nullptr);
  json["mode"] = to_string(fault.mode);
  json["outcome"] = to_string(fault.outcome);
  const bool has_cause = known.causes && fault.cause != pagesim::Cause::Unknown;
  json["cause"] = has_cause ? Json(to_string(fault.cause)) : Json(nullptr);
  json["writer"] = known.writers ? Json(to_string(allocator::writer_of(fault.tag))) : Json(nullptr);
  json["error_code"] = or_null(fault.error_code);
  add_syndrome(json, fault.esr, fault.address);
  const auto path = pagesim::fault_path(fault, known.era.value_or(pagesim::Era::Today));
  json["path"] = path.empty() ? Json(nullptr) : Json(path);
  return json;
}

Json by_cause_json(const Tally& tally, const Knowledge& known) {
  return known.causes ? counts_json<pagesim::Cause>(tally.by_cause) : Json(nullptr);
}

Json by_writer_json(const Tally& tally, const Knowledge& known) {
  return known.writers ? counts_json<allocator::Writer>(tally.by_writer) : Json(nullptr);
}

Json totals_json(const script::Program& program, const run::RunOutcome& outcome,
                 const Knowledge& known) {
  const Tally sum = tally(program, outcome);
  Json json;
  json["minor"] = sum.minor;
  json["major"] = sum.major;
  json["exceptions"] = outcome.has_addresses ? Json(outcome.total.exceptions) : Json(nullptr);
  json["in_malloc"] = sum.in_malloc;
  json["in_program"] = sum.in_program;
  json["by_cause"] = by_cause_json(sum, known);
  json["by_writer"] = by_writer_json(sum, known);
  json["tlb"] = outcome.tlb ? to_json(*outcome.tlb) : Json(nullptr);
  json["peak_rss_kb"] = outcome.peak_rss ? Json(*outcome.peak_rss / 1024) : Json(nullptr);
  json["seconds"] = or_null(outcome.seconds);
  json["abort_message"] = or_null(outcome.abort_message);
  json["missing"] = outcome.missing;
  return json;
}

Json op_json(const run::RunOutcome& outcome, std::size_t op, const PlaceOf& place_of,
             const Knowledge& known) {
  const run::OpOutcome& cost = outcome.ops[op];
  Json json;
  json["ran"] = cost.ran;
  json["minor"] = cost.minor;
  json["major"] = cost.major;
  json["faults"] = nullptr;
  if (outcome.has_addresses) {
    json["faults"] = Json::array();
    for (std::size_t i = 0; i < cost.fault_count; ++i) {
      const pagesim::FaultRecord& fault = outcome.faults[cost.first_fault + i];
      json["faults"].push_back(to_json(fault, place_of(op, fault), known));
    }
  }
  const pagesim::SignalInfo* signal = run::signal_of(outcome, op);
  json["signal"] = signal != nullptr ? to_json(*signal) : Json(nullptr);
  return json;
}

Json to_json(const pagesim::SignalInfo& signal) {
  Json json;
  json["name"] = run::signal_word(signal.number);
  json["code"] = run::signal_code_word(signal.number, signal.code);
  json["address"] = address_json(signal.address.raw());
  const bool x86 = signal.esr == 0;
  json["trap"] = x86 ? Json(signal.trap) : Json(nullptr);
  json["error_code"] = x86 ? Json(signal.error_code) : Json(nullptr);
  add_syndrome(json, signal.esr, signal.address);
  return json;
}

}  // namespace tools::report
