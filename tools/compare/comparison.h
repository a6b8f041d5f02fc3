// Comparison: one program run under several allocators, turn by turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/compare/fault.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/fault_sums.h"
#include "tools/compare/present_pages.h"
#include "tools/compare/process_tree.h"
#include "tools/compare/profile.h"
#include "tools/compare/statistics.h"
#include "tools/compare/subject.h"

namespace tools::compare {

struct CompareOptions {
  std::vector<std::string> command;  ///< PROGRAM ARG...
  std::vector<Subject> subjects;
  unsigned runs = 6;        ///< counted, of each subject
  bool warm_up = true;      ///< one more of each before them, not counted
  int expected_status = 0;  ///< an exit status that makes a run a good one
  std::string input = "/dev/null";
  std::string output_folder;  ///< keeps what the program prints; empty: dropped
  std::optional<std::chrono::milliseconds> limit{};  ///< of one run
  Unwind unwind = Unwind::Near;
  bool error_codes = true;  ///< of each fault, the processor's; costs a second sample each
};

struct Run {
  TreeEnd end;
  bool good = false;                    ///< it ended by itself, with the expected status
  std::optional<FaultCounts> counts{};  ///< none: this machine gives no perf events
  std::shared_ptr<FaultList> list{};    ///< of the typical run alone, as is the next one
  std::optional<FaultSums> faults{};
  /// Where there is no list: pages that processes had when they ended.
  std::optional<PresentPages> present{};

  /// Faults in system calls: all that were counted less those of user mode.
  [[nodiscard]] std::int64_t kernel_share() const noexcept;
};

/// One subject and its counted runs.
struct Entry {
  Subject subject;
  std::vector<Run> runs;
  std::optional<Profile> profile{};  ///< of the typical run; none: it has no list
  [[nodiscard]] std::size_t good_runs() const noexcept;
  /// "ok", or how the runs that were not good ended: "2 of 6: SIGSEGV".
  [[nodiscard]] std::string status() const;
  /// The good run with the median number of faults, whose tables stand for all; null: none is good.
  [[nodiscard]] const Run* typical() const;
  /// Drops the lists of runs that are not the typical one, nor can be with `more` runs to come.
  void drop_lists(std::size_t more);
};

struct Comparison {
  std::vector<std::string> command;
  unsigned runs = 0;
  std::vector<Entry> entries;
  std::vector<std::string> missing;  ///< what this machine did not allow, a sentence each

  [[nodiscard]] bool all_good() const noexcept;
};

/// A figure every run has; of those the statistics speak.
struct Figure {
  enum class Unit : unsigned char { Count, Seconds, Kilobytes };
  std::string_view key;      ///< in JSON
  std::string_view heading;  ///< in tables
  Unit unit;
  std::optional<double> (*of)(const Run&);  ///< none: not known
};
[[nodiscard]] const std::vector<Figure>& figures();

/// One figure of one subject, over its good runs.
struct Measured {
  std::optional<Summary> summary;  ///< none: no run was good
  std::optional<double> p;         ///< against the first subject; none for the first itself
  [[nodiscard]] bool differs() const noexcept { return p && *p < 0.05; }
};
[[nodiscard]] Measured measured(const Comparison& comparison, std::size_t entry,
                                const Figure& figure);

/// What is being run now. `left_s`: the time all runs still to come may take.
struct Progress {
  std::string_view subject;
  std::size_t done = 0, all = 0;
  std::optional<double> left_s;
};

/// Runs them all. A run that fails is in the result like any other. Throws Interrupted, and
/// std::runtime_error where nothing can be run at all.
[[nodiscard]] Comparison compare(const CompareOptions& options,
                                 const std::function<void(const Progress&)>& tell);

}  // namespace tools::compare
