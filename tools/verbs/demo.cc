// faultline demo: the main job with nothing to bring.
#include "tools/demo/demo.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/demo/page.h"
#include "tools/run/running_kernel.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/this_kernel.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {
namespace {

struct DemoOptions {
  MachineOptions machine;
  Output output;
  std::string page = "faultline-demo.html";
};

int run_and_print(const DemoOptions& options) {
  const run::SimSetup setup = options.machine.setup();
  if (const std::string other = other_machine(setup); !other.empty()) {
    throw Refusal{kUnable, fmt::format("demo compares with this kernel: {}.", other)};
  }
  const auto setup_for = [&options](const script::Program& program, std::string_view allocator) {
    MachineOptions machine = options.machine;
    machine.allocator = allocator;
    return machine.setup(run::profile_for(program, *run::own_allocator(allocator)));
  };
  const demo::DemoResult result = demo::run_demo(setup_for, costs_for(setup));
  if (options.output.format == "json") {
    options.output.write(demo::to_json(result).dump() + '\n');
  } else if (options.output.format == "html") {
    options.output.write(demo::to_html(result));
  } else {
    options.output.write(demo::to_text(result));
    Output{.path = options.page}.write(demo::to_html(result));
    fmt::print(stderr, "The same as a page: {}\n", options.page);
  }
  if (!result.compared()) return kUnable;
  return result.equal() ? kEqual : kDifferent;
}

}  // namespace

void add_demo(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "demo", "Run the built-in workloads under every allocator found, simulated and real.");
  auto options = std::make_shared<DemoOptions>();
  verb->add_option("--page", options->page, "The HTML page written beside the table")
      ->type_name("FILE")
      ->capture_default_str();
  options->machine.add_to(*verb);
  options->output.add_to(*verb, "table|json|html");
  verb->callback([options, &status] { status = run_and_print(*options); });
}

}  // namespace tools::verbs
