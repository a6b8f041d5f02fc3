// What a verb runs: a script, a recorded trace or a built-in lesson, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/explain/header.h"
#include "tools/run/outcome.h"
#include "tools/script/op.h"
#include "tools/verbs/machine_options.h"

namespace CLI {
class App;
}

namespace tools::verbs {

/// One file, ready to be run.
struct Workload {
  script::Program program;
  explain::ScriptHeader header;  ///< empty for a trace
  MachineOptions machine;        ///< the user's, and the header's where the user left it open
  run::RunOptions options;
  bool is_lesson = false;
};

struct WorkloadOptions {
  /// Traces: none, recorded, first, all; empty: recorded where the trace has touches, else first.
  std::string touch;
  std::optional<std::uint32_t> process;  ///< traces: which recorded process
  bool keep_going = false;
  bool accept_torn = false;  ///< run what is left of a trace that was cut off

  void add_to(CLI::App& verb);
  /// The script, trace or lesson at `path`; a trace is known by its first bytes. Throws what the
  /// readers throw: ScriptError, TraceError, std::runtime_error, each with one sentence; Refusal
  /// for a lesson that does not exist.
  [[nodiscard]] Workload load(const std::string& path, const MachineOptions& machine) const;

 private:
  [[nodiscard]] script::Program load_trace(const std::string& path) const;
};

/// The files a verb was given, patterns such as "lesson/*" replaced by the lessons they match.
[[nodiscard]] std::vector<std::string> with_lessons(const std::vector<std::string>& files);

}  // namespace tools::verbs
