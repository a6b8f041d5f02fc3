// faultline record: the allocator calls of an unmodified program, into a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <system_error>

#include "tools/record/touch_recorder.h"
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

void print(const record::TouchStats& stats) {
  fmt::print(
      stderr,
      "touches: {} in blocks and the program's own mappings; left out: {} by the allocator, {} "
      "elsewhere (stack, files, the program's own break)\n",
      grouped(stats.touches), grouped(stats.in_malloc), grouped(stats.elsewhere));
  const std::uint64_t assumed = stats.by_kernel + stats.guessed;
  if (assumed != 0)
    fmt::print(stderr, "taken as writes: {} in system calls, {} of instructions not understood\n",
               grouped(stats.by_kernel), grouped(stats.guessed));
  if (!stats.kernel_mode)
    fmt::print(stderr,
               "faults inside system calls were not seen; `faultline doctor` tells what "
               "would allow it\n");
  if (stats.lost != 0) fmt::print(stderr, "lost: {}\n", report::counted(stats.lost, "fault"));
}

/// Everything record was asked for.
struct RecordVerb {
  trace::RecordOptions options;
  record::TouchOptions touch;
  bool quiet = false;
};

record::TouchRecording record_with_touches(const RecordVerb& verb) {
  try {
    return record::record_touches(verb.options, verb.touch);
  } catch (const std::system_error& refused) {
    throw Refusal{
        kUnable, fmt::format("record --touches: perf events cannot be had ({}); `faultline doctor` "
                             "tells what would allow them.",
                             refused.code().message())};
  }
}

int run(const RecordVerb& verb) {
  record::TouchRecording recording;
  if (verb.options.touches) {
    recording = record_with_touches(verb);
  } else {
    recording.calls = trace::record(verb.options);
  }
  if (!verb.quiet) {
    print(recording.calls, verb.options.output);
    if (verb.options.touches) print(recording.touches);
  }
  return recording.calls.status;
}

}  // namespace

void add_record(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "record", "Record the allocator calls of an unmodified program and of all it starts.");
  auto record = std::make_shared<RecordVerb>();
  trace::RecordOptions& options = record->options;
  verb->add_option("-o,--output", options.output, "The trace file to write")
      ->required()
      ->type_name("FILE");
  verb->add_flag("--force", options.replace, "Replace FILE if it is there already");
  CLI::Option* touches =
      verb->add_flag("--touches", options.touches,
                     "The program's page faults in its blocks and its own mappings too");
  verb->add_flag("--fresh-pages", record->touch.fresh_pages,
                 "Give each block of a page or more its own new pages, so that every first touch "
                 "of one faults (glibc)")
      ->needs(touches);
  verb->add_flag("-q,--quiet", record->quiet, "Print no summary");
  verb->add_option("program", options.command, "PROGRAM ARG..., after --")->required();
  verb->positionals_at_end();
  verb->footer("The program's own exit status is passed on.");
  verb->callback([record, &status] { status = run(*record); });
}

}  // namespace tools::verbs
