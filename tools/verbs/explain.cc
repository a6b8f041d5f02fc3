// faultline explain: a script with its text, what each line costs, and the views it asks for.
#include "tools/explain/explain.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/explain/lesson.h"
#include "tools/explain/query.h"
#include "tools/explain/tui/tui.h"
#include "tools/verbs/explain_page.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {
namespace {

struct ExplainOptions {
  std::vector<std::string> files;
  bool list = false;
  bool tui = false;
  std::string html;
  std::string beside;
  bool steps = false;
  bool last = false;
  std::vector<std::uint32_t> at;
  std::vector<std::string> only;
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

/// A script that asks for views has those, any other one each step; of a trace the last one.
explain::StepWishes wishes_of(const ExplainOptions& options, const script::Program& program) {
  explain::StepWishes wishes;
  wishes.style = options.output.is_standard() ? explain::style_of_output() : explain::Style{};
  wishes.all = options.steps;
  wishes.last = options.last;
  wishes.lines = options.at;
  wishes.only = options.only;
  for (const std::string& name : wishes.only) (void)explain::read_place(program, name);
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

void write_page(const ExplainOptions& options) {
  if (options.files.empty()) {
    throw Refusal{kWrongInput, "explain --html: name a script, a trace or a lesson."};
  }
  Output output;
  output.path = options.html;
  output.write(explain_page(options.files, options.beside, options.machine, options.workload));
}

void show_steps(const ExplainOptions& options, const Workload& work) {
  if (!explain::can_show_in_terminal()) {
    throw Refusal{kWrongInput,
                  "explain --tui: standard input and output are not a terminal; without --tui the "
                  "steps are printed."};
  }
  const auto line = options.at.empty() ? std::nullopt : std::optional{options.at.front()};
  explain::show_in_terminal(work.program, work.machine.setup(), work.options, line,
                            explain::style_of_output().colours);
}

void refuse_but_one(const ExplainOptions& options) {
  if (options.files.size() > 1) {
    throw Refusal{kWrongInput, "explain: one file at a time; --html shows two side by side."};
  }
  if (options.files.empty()) {
    throw Refusal{kWrongInput, "explain: name a script or a lesson; --list lists the lessons."};
  }
  if (options.tui && (options.output.format != "table" || !options.output.is_standard())) {
    throw Refusal{kWrongInput,
                  "explain --tui: it shows and writes nothing: not with --format, -o."};
  }
}

void explain_one(const ExplainOptions& options) {
  refuse_but_one(options);
  if (options.output.format == "json") {
    return options.output.write(
        explain_json(options.files.front(), options.machine, options.workload));
  }
  const Workload work = options.workload.load(options.files.front(), options.machine);
  if (options.tui) return show_steps(options, work);
  const run::SimSetup setup = work.machine.setup();
  const explain::StepWishes wishes = wishes_of(options, work.program);
  const std::string answered = answer(options, {work.program, setup, work.options, wishes.style});
  if (!answered.empty()) return options.output.write(answered);
  const auto explained =
      explain::explain(work.program, setup, work.options, wishes, costs_for(setup));
  options.output.write(
      explain::to_text(work.program, work.header, explained, "Simulated " + setup.machine));
}

/// Which steps are drawn, and what is asked about one.
void add_step_options(CLI::App& verb, ExplainOptions& options) {
  verb.add_flag("--steps", options.steps, "Draw what each operation did, and why");
  verb.add_flag("--last", options.last, "Draw the last operation");
  verb.add_option("--at", options.at, "Draw the operation of this line; --try: add it there")
      ->type_name("LINE");
  verb.add_option("--only", options.only, "Draw the chunks of these blocks, word by word")
      ->type_name("NAME,...")
      ->delimiter(',');
  auto* const tried =
      verb.add_option("--try", options.tried, "What an operation would do, without doing it")
          ->type_name("OPERATION");
  auto* const address =
      verb.add_option("--address", options.address, "What was done to a byte, by which operation")
          ->type_name("PLACE")
          ->excludes(tried);
  verb.add_option("--fault", options.fault, "How the run's fault N came about, from 1")
      ->type_name("N")
      ->excludes(tried)
      ->excludes(address);
}

void add_view_option(CLI::App& verb, ExplainOptions& options) {
  auto* const tui = verb.add_flag("--tui", options.tui,
                                  "Step forward and back by key, in the terminal; ? is help");
  for (const char* const other : {"--list", "--html", "--steps", "--last", "--only", "--try",
                                  "--address", "--fault", "--beside"}) {
    tui->excludes(verb.get_option(other));
  }
}

}  // namespace

void add_explain(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "explain", "Show what each line of a script costs, with its text and views; the lessons.");
  auto options = std::make_shared<ExplainOptions>();
  verb->add_option(
          "file", options->files,
          "Script, trace, or lesson/NAME; - is standard input; with --html also two, side by "
          "side, or 'lesson/*'")
      ->type_name("FILE");
  verb->add_flag("--list", options->list, "List the built-in lessons");
  verb->add_option("--html", options->html, "Write a page to step through, forward and back")
      ->type_name("OUT");
  verb->add_option("--beside", options->beside,
                   "On the page: the same file again with this changed, as in machine=arm64-4k or "
                   "glibc.malloc.tcache_count=0")
      ->type_name("KNOB=VALUE");
  add_step_options(*verb, *options);
  add_view_option(*verb, *options);
  options->machine.add_to(*verb);
  options->workload.add_to(*verb);
  options->output.add_to(*verb, "table|json");
  verb->callback([options, &status] {
    if (!options->html.empty()) {
      write_page(*options);
    } else if (options->list) {
      options->output.write(list_of_lessons());
    } else {
      explain_one(*options);
    }
    status = kEqual;
  });
}

}  // namespace tools::verbs
