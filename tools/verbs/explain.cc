// faultline explain: a script with its text, what each line costs, and the views it asks for.
#include "tools/explain/explain.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/explain/lesson.h"
#include "tools/trace/trace_reader.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {
namespace {

struct ExplainOptions {
  std::string file;
  bool list = false;
  std::string html;
  MachineOptions machine;
  WorkloadOptions workload;
  Output output;
};

std::string list_of_lessons() {
  std::string text;
  std::size_t width = 0;
  for (const auto& lesson : explain::lessons()) width = std::max(width, lesson.name.size());
  for (const auto& lesson : explain::lessons()) {
    text += fmt::format("{:<{}}  {}\n", lesson.name, width, lesson.title);
  }
  return text;
}

/// What this verb is asked for and does not do yet.
void refuse_unbuilt(const ExplainOptions& options) {
  if (!options.html.empty()) {
    throw Refusal{kWrongInput,
                  "explain --html: there is no page to step through yet; the text is "
                  "printed without --html."};
  }
  if (options.file != "-" && !explain::means_lessons(options.file) &&
      trace::is_trace(options.file)) {
    throw Refusal{kWrongInput,
                  fmt::format("{} is a trace, and explain takes scripts; replay shows traces.",
                              options.file)};
  }
}

void explain_one(const ExplainOptions& options) {
  if (options.file.empty()) {
    throw Refusal{kWrongInput, "explain: name a script or a lesson; --list lists the lessons."};
  }
  refuse_unbuilt(options);
  const Workload work = options.workload.load(options.file, options.machine);
  const run::SimSetup setup = work.machine.setup();
  const auto explained = explain::explain(work.program, setup, work.options, costs_for(setup));
  options.output.write(
      explain::to_text(work.program, work.header, explained, "Simulated " + setup.machine));
}

}  // namespace

void add_explain(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Show what each line of a script costs, with its text and views; the lessons.");
  auto options = std::make_shared<ExplainOptions>();
  verb->add_option("file", options->file, "Script, or lesson/NAME; - is standard input")
      ->type_name("FILE");
  verb->add_flag("--list", options->list, "List the built-in lessons");
  verb->add_option("--html", options->html, "Not there yet: a page to step through")
      ->type_name("OUT");
  options->machine.add_to(*verb);
  options->workload.add_to(*verb);
  options->output.add_to(*verb, "table");
  verb->callback([options, &status] {
    if (options->list) {
      options->output.write(list_of_lessons());
    } else {
      explain_one(*options);
    }
    status = kEqual;
  });
}

}  // namespace tools::verbs
