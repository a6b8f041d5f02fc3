// faultline inspect: the heap of a living process or a core, read from outside.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/inspect/inspection.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {
namespace {

struct InspectOptions {
  std::string what;
  bool chunks = false;
  Output output;
};

void show_heap(const InspectOptions& options) {
  try {
    const inspect::Inspection inspection = inspect::inspect(options.what);
    if (options.output.format == "json") {
      return options.output.write(inspect::to_json(inspection, options.chunks).dump() + '\n');
    }
    const auto style = options.output.is_standard() ? explain::style_of_output() : explain::Style{};
    options.output.write(inspect::to_text(inspection, options.chunks, style));
  } catch (const inspect::NotACore& error) {
    throw Refusal{kWrongInput, std::string{"inspect: "} + error.what()};
  } catch (const inspect::CannotInspect& error) {
    throw Refusal{kUnable, std::string{"inspect: "} + error.what()};
  }
}

}  // namespace

void add_inspect(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "inspect", "Show the heap of a living process or a core: chunks, lists, pages.");
  auto options = std::make_shared<InspectOptions>();
  verb->add_option("what", options->what, "The number of a process, or a core file")
      ->type_name("PID|CORE")
      ->required();
  verb->add_flag("--chunks", options->chunks, "Show every chunk");
  options->output.add_to(*verb, "table|json");
  verb->callback([options, &status] {
    show_heap(*options);
    status = kEqual;
  });
}

}  // namespace tools::verbs
