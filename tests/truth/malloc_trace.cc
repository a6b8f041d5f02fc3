// Malloc traces as JSON Lines: a header object, then one array an operation.
#include "tests/truth/malloc_trace.h"

#include <charconv>
#include <fstream>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

namespace truth {
namespace {

using Json = nlohmann::ordered_json;
using Kind = SystemCall::Kind;

/// How many of Op::n and Op::m follow the verb, and whether a slot comes first.
struct Shape {
  bool slot;
  int numbers;
};
Shape shape_of(Verb verb) {
  switch (verb) {
    case Verb::Calloc:
    case Verb::Memalign:
    case Verb::AlignedAlloc:
    case Verb::PosixMemalign:
      return {true, 2};
    case Verb::Malloc:
    case Verb::Realloc:
    case Verb::Valloc:
    case Verb::Pvalloc:
      return {true, 1};
    case Verb::Free:
      return {true, 0};
    case Verb::Mallopt:
    case Verb::Refuse:
      return {false, 2};
    case Verb::Trim:
    case Verb::Sbrk:
    case Verb::Block:
    case Verb::Limit:
      return {false, 1};
    case Verb::Info:
    case Verb::MappedInfo:
      return {false, 0};
  }
  throw TraceError{"no such operation: " + std::string(1, static_cast<char>(verb))};
}

struct CallShape {
  Kind kind;
  std::string_view name;
  std::size_t arguments;
};
constexpr CallShape kCalls[] = {{Kind::Brk, "brk", 0},         {Kind::Mmap, "mmap", 3},
                                {Kind::Munmap, "munmap", 1},   {Kind::Mremap, "mremap", 2},
                                {Kind::Madvise, "madvise", 2}, {Kind::Mprotect, "mprotect", 2}};
const CallShape& shape_of(Kind kind) { return kCalls[static_cast<std::size_t>(kind)]; }

constexpr std::string_view kInfoNames[] = {"uordblks", "fordblks", "ordblks", "smblks", "arena"};
constexpr std::string_view kMappedInfoNames[] = {"hblks", "hblkhd", "fsmblks", "keepcost"};

std::uint64_t number_in(std::string_view text, int radix) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number, radix);
  if (error != std::errc{} || end != text.end()) {
    throw TraceError{"not a number: " + std::string(text)};
  }
  return number;
}

/// Numbers are written as signed or as unsigned 64-bit; both are the same word.
std::uint64_t word_of(const Json& json) {
  return json.is_number_unsigned() ? json.get<std::uint64_t>()
                                   : static_cast<std::uint64_t>(json.get<std::int64_t>());
}

/// null | offset | "R2+16" | "H0+2928" | "R2" | "?55555555a000"
Place place_of(const Json& json) {
  if (json.is_null()) return {};
  if (json.is_number()) return {Place::Base::Heap, 0, word_of(json)};
  const auto text = json.get<std::string>();
  const std::string_view view = text;
  if (view.starts_with('?')) return {Place::Base::Absolute, 0, number_in(view.substr(1), 16)};
  const auto base = view.starts_with('H') ? Place::Base::Arena : Place::Base::Mapping;
  const auto plus = view.find('+');
  const auto index = number_in(view.substr(1, plus - 1), 10);
  const auto offset = plus == view.npos ? 0 : number_in(view.substr(plus + 1), 10);
  return {base, static_cast<std::uint32_t>(index), offset};
}

Json json_of(const Place& place) {
  if (place.base == Place::Base::Null) return nullptr;
  if (place.base == Place::Base::Heap) return place.offset;
  return to_string(place);
}

SystemCall call_of(const Json& json) {
  const auto name = json.at(0).get<std::string>();
  for (const CallShape& shape : kCalls) {
    if (shape.name != name) continue;
    SystemCall call;
    call.kind = shape.kind;
    call.at = place_of(json.at(1));
    for (std::size_t i = 0; i < shape.arguments; ++i) call.arguments[i] = word_of(json.at(2 + i));
    if (json.size() == 2 + shape.arguments) return call;
    const Json& outcome = json.at(2 + shape.arguments);
    const bool failed = shape.kind != Kind::Brk && outcome.is_number();
    if (failed) call.error = -outcome.get<int>();
    if (!failed) call.result = place_of(outcome);
    return call;
  }
  throw TraceError{"no such system call: " + name};
}

Json json_of(const SystemCall& call) {
  const CallShape& shape = shape_of(call.kind);
  Json json = Json::array({shape.name, json_of(call.at)});
  for (std::size_t i = 0; i < shape.arguments; ++i) json.push_back(call.arguments[i]);
  if (call.kind == Kind::Brk) json.push_back(json_of(call.result));
  if (call.kind == Kind::Mmap) {
    json.push_back(call.error != 0 ? Json(-call.error)
                                   : Json("R" + std::to_string(call.result.index)));
  }
  if (call.kind == Kind::Mremap || call.kind == Kind::Mprotect) json.push_back(-call.error);
  return json;
}

Op op_of(const Json& json) {
  const auto letter = json.at(0).get<std::string>();
  Op op;
  op.verb = static_cast<Verb>(letter.empty() ? '?' : letter[0]);
  const auto [slot, numbers] = shape_of(op.verb);
  std::size_t next = 1;
  if (slot) op.slot = json.at(next++).get<std::uint32_t>();
  if (numbers > 0) op.n = word_of(json.at(next++));
  if (numbers > 1) op.m = word_of(json.at(next++));
  if (json.size() != next) throw TraceError{"an operand too many: " + json.dump()};
  return op;
}

bool is_signed(Verb verb) { return verb == Verb::Mallopt || verb == Verb::Sbrk; }

Json json_of(const Op& op) {
  const auto number = [&op](std::uint64_t n) {
    return is_signed(op.verb) ? Json(static_cast<std::int64_t>(n)) : Json(n);
  };
  const auto [slot, numbers] = shape_of(op.verb);
  Json json = Json::array({std::string(1, static_cast<char>(op.verb))});
  if (slot) json.push_back(op.slot);
  if (numbers > 0) json.push_back(number(op.n));
  if (numbers > 1) json.push_back(number(op.m));
  return json;
}

template <std::size_t N>
void read_info(const Json& json, const std::string_view (&names)[N], Result& result) {
  for (std::size_t i = 0; i < N; ++i) result.info[i] = word_of(json.at(std::string(names[i])));
}

/// [op, result..., {"sys": [...]}]
Step step_of(const Json& json) {
  Step step{.op = op_of(json.at(0)), .result = {}};
  Result& result = step.result;
  const bool returned = json.size() > 1 && !(json.at(1).is_object() && json.at(1).contains("sys"));
  if (!returned) {  // nothing to tell, or the library died here
  } else if (allocates(step.op.verb)) {
    result.pointer = place_of(json.at(1));
    result.usable = word_of(json.at(2));
    if (result.pointer == Place{}) result.error = json.at(3).get<int>();
  } else if (step.op.verb == Verb::Info) {
    read_info(json.at(1), kInfoNames, result);
  } else if (step.op.verb == Verb::MappedInfo) {
    read_info(json.at(1), kMappedInfoNames, result);
  } else {
    result.value = json.at(1).get<std::int64_t>();
  }
  const Json& last = json.back();
  if (!last.is_object() || !last.contains("sys")) return step;
  for (const Json& call : last.at("sys")) result.calls.push_back(call_of(call));
  return step;
}

template <std::size_t N>
Json info_json(const std::string_view (&names)[N], const Result& result) {
  Json json = Json::object();
  for (std::size_t i = 0; i < N; ++i) json[std::string(names[i])] = result.info[i];
  return json;
}

/// The part of a line after the operation and before the system calls.
void add_returned(Json& json, const Op& op, const Result& result) {
  if (allocates(op.verb)) {
    json.push_back(json_of(result.pointer));
    json.push_back(result.usable);
    if (result.pointer == Place{}) json.push_back(result.error);
  }
  if (op.verb == Verb::Info) json.push_back(info_json(kInfoNames, result));
  if (op.verb == Verb::MappedInfo) json.push_back(info_json(kMappedInfoNames, result));
  if (op.verb == Verb::Trim || op.verb == Verb::Mallopt || op.verb == Verb::Sbrk) {
    json.push_back(result.value);
  }
}

Json json_of(const Step& step, bool returned) {
  Json json = Json::array({json_of(step.op)});
  if (returned) add_returned(json, step.op, step.result);
  if (step.result.calls.empty()) return json;
  Json calls = Json::array();
  for (const SystemCall& call : step.result.calls) calls.push_back(json_of(call));
  json.push_back(Json::object({{"sys", calls}}));
  return json;
}

Trace header_of(const Json& json) {
  Trace trace;
  if (json.at("v") != 1) throw TraceError{"version " + json.at("v").dump() + ", this reads 1"};
  trace.name = json.at("name").get<std::string>();
  trace.glibc = json.at("glibc").get<std::string>();
  trace.base = json.at("base").get<std::uint64_t>();
  trace.slots = json.at("slots").get<std::uint32_t>();
  trace.thread = json.at("thread").get<bool>();
  trace.environment = json.at("env").get<std::map<std::string, std::string>>();
  trace.max_alignment = json.at("maxalign").get<std::uint64_t>();
  trace.note = json.value("note", "");
  trace.abort = json.value("abort", "");
  trace.abort_op = json.value("abort_op", std::uint64_t{0});
  if (json.contains("resident_runs")) trace.resident = json.at("resident_runs").get<PageRuns>();
  trace.mappings = json.value("mappings", std::vector<std::uint64_t>{});
  trace.steps.reserve(json.at("ops").get<std::size_t>());
  return trace;
}

Json header_json(const Trace& trace) {
  Json json = {{"v", 1},
               {"name", trace.name},
               {"glibc", trace.glibc},
               {"base", trace.base},
               {"slots", trace.slots},
               {"ops", trace.steps.size()},
               {"thread", trace.thread},
               {"env", trace.environment},
               {"maxalign", trace.max_alignment},
               {"note", trace.note},
               {"exit", trace.abort.empty() ? 0 : 134}};
  if (!trace.abort.empty()) json["abort"] = trace.abort;
  if (!trace.abort.empty()) json["abort_op"] = trace.abort_op;
  if (!trace.mappings.empty()) json["mappings"] = trace.mappings;
  if (trace.resident) json["resident_runs"] = *trace.resident;
  return json;
}

}  // namespace

bool allocates(Verb verb) noexcept {
  return std::string_view{"mcraApvV"}.find(static_cast<char>(verb)) != std::string_view::npos;
}

std::uint64_t alignment_of(const Op& op) noexcept {
  switch (op.verb) {
    case Verb::Memalign:
    case Verb::AlignedAlloc:
    case Verb::PosixMemalign:
      return op.m;
    case Verb::Valloc:
    case Verb::Pvalloc:
      return 4096;
    default:
      return 16;
  }
}

bool SystemCall::succeeded() const noexcept {
  if (kind != Kind::Brk) return error == 0;
  return at.base == Place::Base::Null || at == result;
}

std::string to_string(const Place& place) {
  const auto at = [&place](char base) {
    return base + std::to_string(place.index) + '+' + std::to_string(place.offset);
  };
  switch (place.base) {
    case Place::Base::Null:
      return "null";
    case Place::Base::Heap:
      return std::to_string(place.offset);
    case Place::Base::Mapping:
      return at('R');
    case Place::Base::Arena:
      return at('H');
    case Place::Base::Absolute:
      break;
  }
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), place.offset, 16).ptr;
  return "?" + std::string(digits.begin(), end);
}

std::string to_string(const SystemCall& call) { return json_of(call).dump(); }
std::string to_string(const PageRuns& runs) { return Json(runs).dump(); }
std::string to_string(const Op& op) { return json_of(op).dump(); }

Trace read_trace(std::istream& in, std::string_view name) {
  std::string line;
  std::size_t number = 1;
  try {
    if (!std::getline(in, line)) throw TraceError{"the file is empty"};
    const Json header = Json::parse(line);
    Trace trace = header_of(header);
    while (++number, std::getline(in, line)) trace.steps.push_back(step_of(Json::parse(line)));
    if (header.at("exit") == 0 && trace.steps.size() != header.at("ops")) {
      throw TraceError{"it ends after " + std::to_string(trace.steps.size()) + " operations of " +
                       header.at("ops").dump()};
    }
    return trace;
  } catch (const std::exception& error) {
    throw TraceError{std::string(name) + ":" + std::to_string(number) + ": " + error.what()};
  }
}

Trace read_trace(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw TraceError{file.string() + ": cannot be opened"};
  return read_trace(in, file.string());
}

void write_trace(std::ostream& out, const Trace& trace) {
  out << header_json(trace).dump() << '\n';
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    const bool died_here = !trace.abort.empty() && i == trace.abort_op;
    out << json_of(trace.steps[i], !died_here).dump() << '\n';
  }
}

}  // namespace truth
