// faultline compare: a program under each allocator.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/compare/budget.h"
#include "tools/compare/comparison.h"
#include "tools/compare/exports.h"
#include "tools/compare/page.h"
#include "tools/compare/report.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {
namespace {

struct CompareVerb {
  compare::CompareOptions options;
  std::string allocators = "all";
  std::string unwind = "near";
  double timeout_s = 0;
  compare::Budget budget;
  std::string baseline;
  std::string page;
  Output output;
};

constexpr int kInterrupted = 130;

/// One line on a terminal, written over and over; nothing elsewhere.
class ProgressLine {
 public:
  ProgressLine() : shown_{::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr} {}
  ~ProgressLine() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void tell(const compare::Progress& now) const {
    if (!shown_) return;
    std::string left = "";
    if (now.left_s) {
      const auto seconds = std::lround(*now.left_s);
      left = fmt::format(", {}:{:02} left", seconds / 60, seconds % 60);
    }
    fmt::print(stderr, "\r{} of {}: {}{}\x1b[K", now.done + 1, now.all, now.subject, left);
  }

 private:
  bool shown_;
};

compare::Unwind unwind_of(const std::string& word) {
  if (word == "fp") return compare::Unwind::FramePointers;
  return word == "dwarf" ? compare::Unwind::Dwarf : compare::Unwind::Near;
}

compare::Comparison run(CompareVerb& verb) {
  verb.options.unwind = unwind_of(verb.unwind);
  verb.options.subjects = compare::find_subjects(verb.allocators);
  if (verb.timeout_s > 0) {
    verb.options.limit = std::chrono::milliseconds{std::llround(verb.timeout_s * 1e3)};
  }
  const ProgressLine line;
  return compare::compare(verb.options, [&](const compare::Progress& now) { line.tell(now); });
}

using Print = std::string (*)(const compare::Comparison&);

const std::map<std::string, Print>& formats() {
  static const std::map<std::string, Print> kFormats = {
      {"table", compare::to_text},
      {"json", [](const compare::Comparison& result) { return to_json(result).dump(1) + '\n'; }},
      {"csv", compare::to_csv},
      {"gbench", compare::to_gbench},
      {"folded", compare::to_folded},
      {"speedscope", compare::to_speedscope},
      {"chrome", compare::to_chrome},
      {"pprof", compare::to_pprof},
      {"html", compare::to_html}};
  return kFormats;
}

/// Read before anything runs, so that a wrong name costs nothing.
void read_baseline(CompareVerb& verb) {
  if (verb.baseline.empty()) return;
  std::ifstream in{verb.baseline};
  verb.budget.baseline = report::Json::parse(in, nullptr, false);
  if (verb.budget.baseline->is_discarded() || !verb.budget.baseline->contains("allocators")) {
    throw Refusal{kWrongInput,
                  verb.baseline +
                      ": no comparison; make one with `faultline compare --format json "
                      "-o FILE -- PROGRAM`."};
  }
}

/// Over budget: the sentences go to standard error, the results are printed all the same.
bool within_budget(const CompareVerb& verb, const compare::Comparison& result) {
  const compare::Verdict verdict = judge(result, verb.budget);
  for (const std::string& remark : verdict.remarks) fmt::print(stderr, "faultline: {}\n", remark);
  for (const std::string& sentence : verdict.over)
    fmt::print(stderr, "over budget: {}\n", sentence);
  return verdict.over.empty();
}

int run_and_print(CompareVerb& verb) {
  try {
    read_baseline(verb);
    const compare::Comparison result = run(verb);
    verb.output.write(formats().at(verb.output.format)(result));
    if (!verb.page.empty()) Output{.format = "html", .path = verb.page}.write(to_html(result));
    return within_budget(verb, result) && result.all_good() ? kEqual : kDifferent;
  } catch (const compare::Interrupted& interrupted) {
    throw Refusal{kInterrupted, interrupted.what()};
  }
}

void add_budget(CLI::App& verb, CompareVerb& compare) {
  verb.add_option("--max-faults", compare.budget.max_faults,
                  "Exit 1 where the median of an allocator's faults, minor and major, is above N")
      ->type_name("N");
  verb.add_option("--max-rss", compare.budget.max_rss_bytes,
                  "Exit 1 where the median of an allocator's peak RSS is above SIZE (64M, 1G)")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  verb.add_option("--baseline", compare.baseline,
                  "Exit 1 where an allocator's faults, or those at a call site, have grown since "
                  "FILE, the --format json of an earlier run; the sites are named")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  verb.add_option("--tolerance", compare.budget.tolerance,
                  "How much of an allocator's faults is no growth yet")
      ->check(CLI::NonNegativeNumber)
      ->type_name("PERCENT")
      ->capture_default_str();
}

void add_options(CLI::App& verb, CompareVerb& compare) {
  verb.add_option(
          "--allocators", compare.allocators,
          "all, or names separated by commas: faultline, ptmalloc, glibc, jemalloc, mimalloc, "
          "tcmalloc, the path of a library; differences are told from the first")
      ->type_name("A,B,...")
      ->capture_default_str();
  verb.add_option("--runs", compare.options.runs, "Counted runs of each; one more warms up")
      ->check(CLI::Range(1u, 100'000u))
      ->type_name("N")
      ->capture_default_str();
  verb.add_flag("!--no-warm-up", compare.options.warm_up, "Count the first run too");
  verb.add_option("--timeout", compare.timeout_s, "End a run, and all it started, after this time")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  verb.add_option("--expect-status", compare.options.expected_status,
                  "The exit status of a good run")
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--input", compare.options.input, "Standard input of each run")
      ->check(CLI::ExistingPath)
      ->type_name("FILE")
      ->capture_default_str();
  verb.add_option("--unwind", compare.unwind,
                  "How far the callers of a fault are followed: near (512 bytes of stack), fp (on "
                  "from there by frame pointers), dwarf (16 KiB of stack)")
      ->check(CLI::IsMember({"near", "fp", "dwarf"}))
      ->type_name("HOW")
      ->capture_default_str();
  verb.add_flag(
      "--error-codes,!--no-error-codes", compare.options.error_codes,
      "Show the processor's error code of each fault where this user is told it (by default); "
      "without, a fault costs half a microsecond to one less");
  verb.add_option("--keep-output", compare.options.output_folder,
                  "Keep what each run prints in DIR/ALLOCATOR-RUN.out and .err")
      ->type_name("DIR");
}

}  // namespace

void add_compare(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "compare", "Run a program under each allocator, in turns, and compare what it costs.");
  auto compare = std::make_shared<CompareVerb>();
  add_options(*verb, *compare);
  add_budget(*verb, *compare);
  compare->output.add_to(*verb, "table|json|csv|gbench|folded|speedscope|chrome|pprof|html");
  verb->add_option("--html", compare->page, "Write an HTML page to OUT too")->type_name("OUT");
  verb->add_option("program", compare->options.command, "PROGRAM ARG..., after --")->required();
  verb->positionals_at_end();
  verb->footer("Exit status 1: a run did not end as expected, or cost more than its budget.");
  verb->callback([compare, &status] { status = run_and_print(*compare); });
}

}  // namespace tools::verbs
