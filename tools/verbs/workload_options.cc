// Scripts, traces and lessons by path.
#include "tools/verbs/workload_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tools/explain/lesson.h"
#include "tools/script/parser.h"
#include "tools/trace/program.h"
#include "tools/trace/trace_reader.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

[[noreturn]] void refuse_lesson(const std::string& name) {
  throw Refusal{kWrongInput, fmt::format("{}: no such file and no such lesson; \"faultline explain "
                                         "--list\" lists the lessons.",
                                         name)};
}

}  // namespace

void WorkloadOptions::add_to(CLI::App& verb) {
  verb.add_option(
          "--touch", touch,
          "What a traced program does with its blocks: none, recorded, first, all; default: "
          "recorded where the trace has touches, else first")
      ->check(CLI::IsMember({"none", "recorded", "first", "all"}))
      ->type_name("POLICY");
  verb.add_option("--process", process,
                  "Which process of a trace; default: the one that called most")
      ->type_name("INDEX");
  verb.add_flag("--accept-torn", accept_torn, "Run what is left of a trace that was cut off");
  verb.add_flag("--keep-going", keep_going, "Go on with the next line after a fatal signal");
}

script::Program WorkloadOptions::load_trace(const std::string& path) const {
  const trace::TraceReader reader{path};
  if (reader.torn() && !accept_torn) {
    throw Refusal{kWrongInput, *reader.torn() + "; --accept-torn runs what is there."};
  }
  const bool has_touches = reader.info().touches;
  if (touch == "recorded" && !has_touches) {
    throw Refusal{kWrongInput, fmt::format("{} has no touches; record it with --touches, or choose "
                                           "--touch none, first or all.",
                                           path)};
  }
  const std::string policy = !touch.empty() ? touch : has_touches ? "recorded" : "first";
  return trace::to_program(reader, {.touch = *trace::touch_policy(policy), .process = process});
}

namespace {

/// A page is as long as the machine's, which a script may name itself. A trace names no pages.
void read_for(script::Program& program, unsigned page_shift) {
  if (program.page_shift == page_shift) return;
  if (!program.source.empty()) {
    const std::string text = fmt::format("{}\n", fmt::join(program.source, "\n"));
    program = script::parse(text, program.path, page_shift);
  }
  program.page_shift = page_shift;
}

}  // namespace

Workload WorkloadOptions::load(const std::string& path, const MachineOptions& machine) const {
  Workload work;
  work.machine = machine;
  if (const explain::Lesson* lesson = explain::find_lesson(path)) {
    work.is_lesson = true;
    work.program = script::parse(lesson->source, lesson->name);
  } else if (explain::means_lessons(path)) {
    refuse_lesson(path);
  } else if (path != "-" && trace::is_trace(path)) {
    work.program = load_trace(path);
  } else {
    work.program = script::read_script(path);
  }
  work.header = explain::read_header(work.program.source);
  work.machine.take(work.header);
  read_for(work.program, work.machine.page_shift());
  work.options.keep_going = keep_going || work.header.keep_going;
  return work;
}

std::vector<std::string> with_lessons(const std::vector<std::string>& files) {
  std::vector<std::string> all;
  for (const std::string& file : files) {
    const auto lessons = explain::means_lessons(file) ? explain::matching_lessons(file)
                                                      : std::vector<std::string>{file};
    if (lessons.empty()) refuse_lesson(file);
    all.insert(all.end(), lessons.begin(), lessons.end());
  }
  return all;
}

}  // namespace tools::verbs
