// The descriptive chunks of a trace as JSON.
#include "tools/trace/trace_json.h"

#include <nlohmann/json.hpp>

namespace tools::trace {
namespace {

using Json = nlohmann::json;

/// Of the format: 2 has touches that read.
constexpr int kVersion = 4;

// Arguments may hold any bytes; what is no UTF-8 is replaced.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) throw TraceError("a descriptive chunk is no JSON object");
  return json;
}

template <class T>
void get(const Json& json, const char* key, T& to) {
  const auto found = json.find(key);
  if (found == json.end()) return;
  try {
    to = found->get<T>();
  } catch (const Json::exception&) {
    throw TraceError(std::string{"the value of \""} + key + "\" is of the wrong type");
  }
}

}  // namespace

std::string to_json(const TraceInfo& info) {
  return dump({{"version", info.touches ? kVersion : 1},
               {"command", info.command},
               {"page_size", info.page_size},
               {"machine", info.machine},
               {"kernel", info.kernel},
               {"touches", info.touches},
               {"addresses", info.addresses}});
}

std::string to_json(std::uint32_t index, const ProcessInfo& process) {
  return dump({{"index", index},
               {"pid", process.pid},
               {"parent_pid", process.parent_pid},
               {"forked_from", process.forked_from},
               {"executed_from", process.executed_from},
               {"first_block", process.first_block},
               {"fork_event", process.fork_event},
               {"heap_base", process.heap_base},
               {"command", process.command}});
}

std::string to_json(std::uint64_t events, const Losses& losses) {
  return dump({{"events", events},
               {"unmatched_frees", losses.unmatched_frees},
               {"inferred_frees", losses.inferred_frees},
               {"lost_threads", losses.threads},
               {"lost_processes", losses.processes}});
}

TraceInfo info_from_json(std::string_view text) {
  const Json json = parse(text);
  int version = 1;
  get(json, "version", version);
  if (version > kVersion) {
    throw TraceError("the trace is of version " + std::to_string(version) + ", newer than " +
                     std::to_string(kVersion) + ", which this faultline reads: use a newer one");
  }
  TraceInfo info;
  get(json, "command", info.command);
  get(json, "page_size", info.page_size);
  get(json, "machine", info.machine);
  get(json, "kernel", info.kernel);
  get(json, "touches", info.touches);
  get(json, "addresses", info.addresses);
  return info;
}

std::pair<std::uint32_t, ProcessInfo> process_from_json(std::string_view text) {
  const Json json = parse(text);
  std::uint32_t index = 0;
  ProcessInfo process;
  get(json, "index", index);
  get(json, "pid", process.pid);
  get(json, "parent_pid", process.parent_pid);
  get(json, "forked_from", process.forked_from);
  get(json, "executed_from", process.executed_from);
  get(json, "first_block", process.first_block);
  get(json, "fork_event", process.fork_event);
  get(json, "heap_base", process.heap_base);
  get(json, "command", process.command);
  return {index, process};
}

std::pair<std::uint64_t, Losses> end_from_json(std::string_view text) {
  const Json json = parse(text);
  std::uint64_t events = 0;
  Losses losses;
  get(json, "events", events);
  get(json, "unmatched_frees", losses.unmatched_frees);
  get(json, "inferred_frees", losses.inferred_frees);
  get(json, "lost_threads", losses.threads);
  get(json, "lost_processes", losses.processes);
  return {events, losses};
}

}  // namespace tools::trace
