// Text formats.
#include "tools/compare/exports.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tools/compare/system_call.h"
#include "tools/report/run_json.h"

namespace tools::compare {
namespace {

using report::Json;

/// Above every process number of the kernel's (PID_MAX_LIMIT).
constexpr std::int64_t kPids = std::int64_t{1} << 22;

std::string program_name(const Comparison& comparison) {
  return std::filesystem::path{comparison.command.front()}.filename().string();
}

/// Where frames are separated by ';' and the count by a blank, neither may end a name early.
std::string without_semicolons(std::string name) {
  std::replace(name.begin(), name.end(), ';', ':');
  return name;
}

/// The frames of all profiles, each name once.
class FrameTable {
 public:
  std::size_t number_of(const ProfileFrame& frame) {
    const auto [found, fresh] = numbers_.try_emplace(frame.label(), frames_.size());
    if (!fresh) return found->second;
    Json json = {{"name", frame.label()}};
    if (!frame.symbol.source.empty()) json["file"] = frame.symbol.source;
    if (frame.symbol.line != 0) json["line"] = frame.symbol.line;
    frames_.push_back(std::move(json));
    return found->second;
  }
  Json take() { return std::move(frames_); }

 private:
  Json frames_ = Json::array();
  std::map<std::string, std::size_t> numbers_;
};

Json speedscope_profile(const Entry& entry, FrameTable& names) {
  std::uint64_t total = 0;
  Json samples = Json::array(), weights = Json::array();
  for (const Profile::Stack& stack : entry.profile->stacks) {
    Json sample = Json::array();
    for (const std::uint32_t frame : stack.frames) {
      sample.push_back(names.number_of(entry.profile->frames[frame]));
    }
    samples.push_back(std::move(sample));
    weights.push_back(stack.faults);
    total += stack.faults;
  }
  return {{"type", "sampled"},
          {"name", entry.subject.name + ": page faults"},
          {"unit", "none"},
          {"startValue", 0},
          {"endValue", total},
          {"samples", std::move(samples)},
          {"weights", std::move(weights)}};
}

/// One subject's events of a trace.
class TraceEvents {
 public:
  TraceEvents(const Entry& entry, std::int64_t first_pid, std::string& text)
      : entry_{entry}, first_pid_{first_pid}, text_{text} {
    for (const Site& site : entry.profile->sites) names_.push_back(Json(site.label()).dump());
  }

  void add_all() {
    const auto& faults = entry_.typical()->list->faults;
    if (faults.empty()) return;
    for (const Fault& fault : faults) {
      if (fault.cause == pagesim::Cause::Invalid) continue;
      name_process(fault.pid);
      add(fault, faults.front().time);
    }
  }

 private:
  void name_process(std::int32_t pid) {
    if (!named_.insert(pid).second) return;
    text_ += fmt::format(R"({{"name":"process_name","ph":"M","pid":{},"args":{{"name":{}}}}},)"
                         "\n",
                         first_pid_ + pid,
                         Json(fmt::format("{}: process {}", entry_.subject.name, pid)).dump());
  }

  void add(const Fault& fault, std::uint64_t begin) {
    const bool kernel = fault.payer == Payer::Kernel;
    text_ += fmt::format(
        R"({{"name":{},"cat":"{}","ph":"i","s":"t","ts":{}.{:03},"pid":{},"tid":{},)"
        R"("args":{{"address":"{:#x}","region":"{}","cause":"{}","writer":{},"major":{},)"
        R"("error_code":{},"system_call":{}}}}},)"
        "\n",
        kernel ? "\"kernel\"" : names_[entry_.profile->chain_site[fault.chain]],
        to_string(fault.payer), (fault.time - begin) / 1000, (fault.time - begin) % 1000,
        first_pid_ + fault.pid, fault.tid, fault.address, to_string(fault.region),
        pagesim::to_string(fault.cause),
        fault.writer ? fmt::format("\"{}\"", allocator::to_string(*fault.writer)) : "null",
        fault.major, fault.error_code ? fmt::format("{}", *fault.error_code) : "null",
        fault.system_call ? fmt::format("\"{}\"", system_call_name(fault.system_call)) : "null");
  }

  const Entry& entry_;
  std::int64_t first_pid_;
  std::string& text_;
  std::vector<std::string> names_;  ///< by site, quoted
  std::set<std::int32_t> named_;
};

Json gbench_context(const Comparison& comparison) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char date[64] = "";
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S%z", &local);
  return {{"date", date},
          {"host_name", host},
          {"executable", comparison.command.front()},
          {"num_cpus", std::thread::hardware_concurrency()},
          {"library_build_type", "release"}};
}

Json gbench_run(const std::string& name, const Run& run, std::size_t index, std::size_t all) {
  constexpr double kMillisecond = 1e-3;
  Json json = {{"name", name},
               {"run_name", name},
               {"run_type", "iteration"},
               {"repetitions", all},
               {"repetition_index", index},
               {"threads", 1},
               {"iterations", 1},
               {"real_time", run.end.wall_s / kMillisecond},
               {"cpu_time", (run.end.user_s + run.end.sys_s) / kMillisecond},
               {"time_unit", "ms"}};
  for (const Figure& figure : figures()) {
    if (figure.unit == Figure::Unit::Seconds) continue;
    if (const auto value = figure.of(run)) json[std::string{figure.key}] = *value;
  }
  return json;
}

}  // namespace

std::string to_folded(const Comparison& comparison) {
  std::string text;
  for (const Entry& entry : comparison.entries) {
    if (!entry.profile) continue;
    for (const Profile::Stack& stack : entry.profile->stacks) {
      text += without_semicolons(entry.subject.name);
      for (const std::uint32_t frame : stack.frames) {
        text += ";" + without_semicolons(entry.profile->frames[frame].label());
      }
      text += fmt::format(" {}\n", stack.faults);
    }
  }
  return text;
}

std::string to_speedscope(const Comparison& comparison) {
  FrameTable names;
  Json profiles = Json::array();
  for (const Entry& entry : comparison.entries) {
    if (entry.profile) profiles.push_back(speedscope_profile(entry, names));
  }
  Json json;
  json["$schema"] = "https://www.speedscope.app/file-format-schema.json";
  json["name"] = program_name(comparison);
  json["exporter"] = "faultline";
  json["shared"] = {{"frames", names.take()}};
  json["profiles"] = std::move(profiles);
  return json.dump() + "\n";
}

std::string to_chrome(const Comparison& comparison) {
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) {
    const Entry& entry = comparison.entries[i];
    if (entry.profile) TraceEvents{entry, static_cast<std::int64_t>(i) * kPids, text}.add_all();
  }
  if (text.ends_with(",\n")) text.replace(text.size() - 2, 2, "\n");
  return text + "]}\n";
}

std::string to_gbench(const Comparison& comparison) {
  Json json;
  json["context"] = gbench_context(comparison);
  json["benchmarks"] = Json::array();
  for (const Entry& entry : comparison.entries) {
    const std::string name = program_name(comparison) + "/" + entry.subject.name;
    std::size_t index = 0;
    for (const Run& run : entry.runs) {
      if (run.good) json["benchmarks"].push_back(gbench_run(name, run, index++, entry.good_runs()));
    }
  }
  return json.dump(1) + "\n";
}

}  // namespace tools::compare
