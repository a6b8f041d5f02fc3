// faultline record: the allocator calls of an unmodified program, into a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/report/table.h"
#include "tools/trace/recorder.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {
namespace {

using report::grouped;

std::string calls_by_verb(const trace::RecordStats& stats) {
  report::Table table{{{"call", report::Align::Left}, {"times"}}};
  for (std::size_t i = 0; i < stats.by_verb.size(); ++i) {
    if (stats.by_verb[i] == 0) continue;
    table.add(
        {std::string{script::to_string(static_cast<script::Verb>(i))}, grouped(stats.by_verb[i])});
  }
  return table.to_text();
}

/// Standard error: standard output belongs to the recorded program.
void print(const trace::RecordStats& stats, const std::string& output) {
  fmt::print(stderr, "{}", calls_by_verb(stats));
  fmt::print(stderr, "{}: {} events of {} processes, {} ({:.2f} bytes an event), {}\n", output,
             grouped(stats.events), stats.processes.size(), report::bytes(stats.bytes),
             stats.bytes_per_event(), report::seconds(stats.seconds));
}

}  // namespace

void add_record(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "record", "Record the allocator calls of an unmodified program and of all it starts.");
  auto options = std::make_shared<trace::RecordOptions>();
  auto quiet = std::make_shared<bool>(false);
  verb->add_option("-o,--output", options->output, "The trace file to write")
      ->required()
      ->type_name("FILE");
  verb->add_flag("--force", options->replace, "Replace FILE if it is there already");
  verb->add_flag("-q,--quiet", *quiet, "Print no summary");
  verb->add_option("program", options->command, "PROGRAM ARG..., after --")->required();
  verb->positionals_at_end();
  verb->footer("The program's own exit status is passed on.");
  verb->callback([options, quiet, &status] {
    const trace::RecordStats stats = trace::record(*options);
    if (!*quiet) print(stats, options->output);
    status = stats.status;
  });
}

}  // namespace tools::verbs
