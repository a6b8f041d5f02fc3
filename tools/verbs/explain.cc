// faultline explain: a script with its text, what each line costs, and the views it asks for.
#include "tools/explain/explain.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "tools/explain/lesson.h"
#include "tools/explain/query.h"
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
  bool steps = false;
  bool last = false;
  std::vector<std::uint32_t> at;
  std::string tried;
  std::string address;
  std::optional<std::uint64_t> fault;
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
}

/// A script that asks for views has those, any other one each step; of a trace the last one.
explain::StepWishes wishes_of(const ExplainOptions& options, const script::Program& program) {
  explain::StepWishes wishes;
  wishes.style = options.output.is_standard() ? explain::style_of_output() : explain::Style{};
  wishes.all = options.steps;
  wishes.last = options.last;
  wishes.lines = options.at;
  if (wishes.any()) return wishes;
  wishes.last = program.source.empty();
  wishes.all = !wishes.last && explain::read_views(program).empty();
  return wishes;
}

/// The answer to a question about the run; empty: none was asked.
std::string answer(const ExplainOptions& options, const explain::Question& question) {
  if (!options.tried.empty()) {
    const bool anywhere = options.at.empty();
    return explain::try_operation(question, options.tried,
                                  anywhere ? std::nullopt : std::optional{options.at.front()});
  }
  if (!options.address.empty()) return explain::about_address(question, options.address);
  return options.fault ? explain::about_fault(question, *options.fault) : std::string{};
}

void explain_one(const ExplainOptions& options) {
  if (options.file.empty()) {
    throw Refusal{kWrongInput, "explain: name a script or a lesson; --list lists the lessons."};
  }
  refuse_unbuilt(options);
  const Workload work = options.workload.load(options.file, options.machine);
  const run::SimSetup setup = work.machine.setup();
  const explain::StepWishes wishes = wishes_of(options, work.program);
  const std::string answered = answer(options, {work.program, setup, work.options, wishes.style});
  if (!answered.empty()) return options.output.write(answered);
  const auto explained =
      explain::explain(work.program, setup, work.options, wishes, costs_for(setup));
  options.output.write(
      explain::to_text(work.program, work.header, explained, "Simulated " + setup.machine));
}

}  // namespace

void add_explain(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Show what each line of a script costs, with its text and views; the lessons.");
  auto options = std::make_shared<ExplainOptions>();
  verb->add_option("file", options->file, "Script, trace, or lesson/NAME; - is standard input")
      ->type_name("FILE");
  verb->add_flag("--list", options->list, "List the built-in lessons");
  verb->add_option("--html", options->html, "Not there yet: a page to step through")
      ->type_name("OUT");
  verb->add_flag("--steps", options->steps, "Draw what each operation did, and why");
  verb->add_flag("--last", options->last, "Draw the last operation");
  verb->add_option("--at", options->at, "Draw the operation of this line; --try: add it there")
      ->type_name("LINE");
  auto* const tried =
      verb->add_option("--try", options->tried, "What an operation would do, without doing it")
          ->type_name("OPERATION");
  auto* const address =
      verb->add_option("--address", options->address, "What was done to a byte, by which operation")
          ->type_name("PLACE")
          ->excludes(tried);
  verb->add_option("--fault", options->fault, "How the run's fault N came about, from 1")
      ->type_name("N")
      ->excludes(tried)
      ->excludes(address);
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
