// A real program's allocator calls, recorded on the spot.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "tools/demo/workload.h"
#include "tools/trace/program.h"
#include "tools/trace/recorder.h"
#include "tools/trace/trace_reader.h"

namespace tools::demo {
namespace {

struct Candidate {
  const char* program;
  const char* about;
  std::vector<std::string> arguments;
};

/// Programs that print nothing, and what they do for a second or less.
std::vector<Candidate> candidates() {
  return {
      {"/usr/bin/python3",
       "python3 builds and parses JSON; its allocator calls, recorded a moment ago, with a write "
       "to "
       "the first byte of every block.",
       {"-c",
        "import json\n"
        "rows = [{'id': i, 'name': 'n' * (i % 700), 'list': list(range(i % 40))} for i in "
        "range(20000)]\n"
        "assert json.loads(json.dumps(rows)) == rows"}},
      {"/usr/bin/perl",
       "perl fills and sorts a hash; its allocator calls, recorded a moment ago, with a write to "
       "the first byte of every block.",
       {"-e",
        "my %h; $h{$_ * 7919 % 100003} = 'x' x ($_ % 200) for 1 .. 60000; my @s = sort { $h{$a} "
        "cmp $h{$b} } keys %h; delete @h{@s[0 .. 30000]};"}},
      {"/usr/bin/sqlite3",
       "sqlite3 fills a table in memory; its allocator calls, recorded a moment ago, with a write "
       "to "
       "the first byte of every block.",
       {":memory:",
        "create table t(a, b); insert into t with recursive c(x) as (select 1 union all "
        "select x + 1 from c limit 200000) select x, hex(x) from c;"}},
  };
}

/// A folder of our own that goes when the demo does.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "faultline-XXXXXX").string();
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Workload record(const Candidate& candidate) {
  const ScratchFolder scratch;
  trace::RecordOptions options;
  options.output = scratch.file("trace");
  options.command = candidate.arguments;
  options.command.insert(options.command.begin(), candidate.program);
  const trace::RecordStats stats = trace::record(options);
  if (stats.status != 0) {
    throw trace::TraceError{
        fmt::format("{} ended with status {}", candidate.program, stats.status)};
  }
  const trace::TraceReader reader{options.output};
  Workload workload;
  workload.name = std::filesystem::path{candidate.program}.filename().string() + " (trace)";
  workload.about = candidate.about;
  workload.program =
      trace::to_program(reader, {.touch = trace::TouchPolicy::First, .process = std::nullopt});
  workload.program.path = workload.name;
  return workload;
}

}  // namespace

std::optional<Workload> recorded_workload(std::string& missing) {
  missing = "No trace: none of python3, perl and sqlite3 is installed.";
  for (const Candidate& candidate : candidates()) {
    if (::access(candidate.program, X_OK) != 0) continue;
    try {
      return record(candidate);
    } catch (const std::runtime_error& error) {
      missing = fmt::format("No trace: {}", error.what());
    }
  }
  return std::nullopt;
}

}  // namespace tools::demo
