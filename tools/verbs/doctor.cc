// faultline doctor: what this machine allows.
#include "tools/measure/doctor.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {

void add_doctor(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "doctor", "Say what this machine allows: perf events, page map, swap, allocators found.");
  auto output = std::make_shared<Output>();
  output->add_to(*verb, "table|json");
  verb->callback([output, &status] {
    const auto findings = measure::examine();
    output->write(output->format == "json" ? measure::render_json(findings)
                                           : measure::render_text(findings));
    status = kEqual;
  });
}

}  // namespace tools::verbs
