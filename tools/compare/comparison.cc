// Taking turns, and summing up.
#include "tools/compare/comparison.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <system_error>

#include "tools/compare/fault_player.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/perf_ring.h"
#include "tools/compare/syscall_filter.h"
#include "tools/compare/syscall_trace.h"
#include "tools/measure/kept_tracepoints.h"
#include "tools/trace/preloadable.h"

namespace tools::compare {
namespace {

/// Both in the order of time.
void merge(std::vector<StreamEvent>& events, std::vector<StreamEvent> others) {
  const auto middle = static_cast<std::ptrdiff_t>(events.size());
  events.insert(events.end(), std::make_move_iterator(others.begin()),
                std::make_move_iterator(others.end()));
  std::inplace_merge(events.begin(), events.begin() + middle, events.end(),
                     [](const StreamEvent& a, const StreamEvent& b) { return a.time < b.time; });
}

/// What one run's events took serves the next run's: the faults of giving it back and taking it
/// again would be more than those of small programs.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

std::string what_rights_add(const FaultStream& stream) {
  return fmt::format(
      "Not told to this user: {}{}{}; `faultline doctor` tells what would allow them.",
      stream.kernel_mode() ? "" : "which system calls the faults in the kernel were in",
      stream.kernel_mode() || stream.error_codes() ? "" : ", and ",
      stream.error_codes() ? "" : "the error codes of faults");
}

/// The turns of one comparison.
class Turns {
 public:
  Turns(const CompareOptions& options, const std::function<void(const Progress&)>& tell)
      : options_{options}, tell_{tell}, program_{trace::find_program(options.command.front())} {
    for (const Subject& subject : options.subjects) {
      result_.entries.push_back({subject, {}, {}});
      codes_.emplace_back(subject.library);
    }
    result_.command = options.command;
    result_.runs = options.runs;
    keep_freed_memory();
    measure::keep_in_use(tracepoints_);
    if (!options.output_folder.empty()) std::filesystem::create_directories(options.output_folder);
  }

  Comparison run() {
    refuse_what_ignores_preloads();
    const unsigned first = options_.warm_up ? 0 : 1;
    if (options_.warm_up && tracepoints_.kernel != 0) {  // who has those is told of the kernel
      do_aside([this] {
        files_.system_calls.read();
        return false;
      });
    }
    const std::size_t all = (options_.runs + 1 - first) * result_.entries.size();
    for (unsigned round = first; round <= options_.runs; ++round) {
      take_round(round, all);
      wait_for_aside();
    }
    for (std::size_t i = 0; i < codes_.size(); ++i) show_typical(result_.entries[i], codes_[i]);
    return std::move(result_);
  }

 private:
  void refuse_what_ignores_preloads() const {
    const auto reason = trace::why_not_preloadable(program_);
    const bool preloads =
        std::any_of(options_.subjects.begin(), options_.subjects.end(),
                    [](const Subject& subject) { return !subject.library.empty(); });
    if (reason && preloads) throw std::runtime_error{*reason};
  }

  /// Each round begins with another subject: none always runs on what the same one left behind.
  void take_round(unsigned round, std::size_t all) {
    for (std::size_t i = 0; i < result_.entries.size(); ++i) {
      const std::size_t index = (i + round) % result_.entries.size();
      Entry& entry = result_.entries[index];
      const double spent = std::chrono::duration<double>(Clock::now() - started_).count();
      Progress progress{entry.subject.name, done_, all, {}};
      if (done_ >= result_.entries.size()) {  // each was seen once
        progress.left_s = spent / static_cast<double>(done_) * static_cast<double>(all - done_);
      }
      if (tell_) tell_(progress);
      Run run = run_once(entry.subject, codes_[index], round);
      if (round != 0) {
        entry.runs.push_back(std::move(run));
        entry.drop_lists(options_.runs - round);
      }
      ++done_;
    }
  }

  Run run_once(const Subject& subject, const AllocatorCode& code, unsigned round) {
    TreeCommand command{.program = program_,
                        .command = options_.command,
                        .preload = subject.library,
                        .input = options_.input,
                        .limit = options_.limit};
    if (!options_.output_folder.empty() && round != 0) {
      const std::string stem = fmt::format("{}/{}-{}", options_.output_folder, subject.name, round);
      command.output = stem + ".out";
      command.errors = stem + ".err";
    }
    std::unique_ptr<FaultStream> stream;
    std::unique_ptr<SyscallTrace> calls;
    const TreeWatch watch{[&](pid_t program) {
                            stream = follow(program);
                            return stream != nullptr ? filter_ : exit_filter_;
                          },
                          [&](run::OwnedFd listener, int error) {
                            calls = hear(std::move(listener), error, stream != nullptr);
                          }};
    Run run{run_tree(command, watch)};
    wait_for_aside();
    if (stream != nullptr) {
      std::vector<StreamEvent> events = stream->take();
      if (calls != nullptr) merge(events, calls->take());
      run.list = std::make_shared<FaultList>(play(std::move(events), code, files_));
      run.list->lost = stream->lost();
      run.counts = count(*run.list);
      if (round == 0) explain_aside(run.list, code);
    } else if (calls != nullptr) {
      static_cast<void>(calls->take());
      run.present = calls->present_at_exit();
    }
    run.good = !run.end.timed_out && WIFEXITED(run.end.status) &&
               WEXITSTATUS(run.end.status) == options_.expected_status;
    return run;
  }

  /// While the next program warms up, what files tell of this one's code is read: nobody counts
  /// what that takes from it. Signals are held, for the thread that waits for the program.
  void explain_aside(std::shared_ptr<FaultList> list, const AllocatorCode& code) {
    do_aside([this, list = std::move(list), &code] {
      explain(*list, code, files_);
      static_cast<void>(profile(*list, code, files_.symbols));
      return list->forks != 0;
    });
  }

  /// `task`: whether there were forks.
  void do_aside(std::function<bool()> task) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    aside_ = std::async(std::launch::async, std::move(task));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void wait_for_aside() {
    if (aside_.valid()) forks_ |= aside_.get();
  }

  /// Its list is the only one left.
  void show_typical(Entry& entry, const AllocatorCode& code) {
    for (Run& run : entry.runs) {
      if (run.list == nullptr) continue;
      explain(*run.list, code, files_);
      run.faults = sum_up(*run.list);
      entry.profile = profile(*run.list, code, files_.symbols);
    }
  }

  /// Null, and a sentence in the result, where perf is refused.
  std::unique_ptr<FaultStream> follow(pid_t program) {
    try {
      if (rings_.empty()) rings_ = make_rings();
      auto stream = std::make_unique<FaultStream>(
          program, rings_, StreamOptions{options_.unwind, forks_, tracepoints_});
      if (!stream->kernel_mode() || !stream->error_codes()) miss(what_rights_add(*stream));
      return stream;
    } catch (const std::system_error& refused) {
      miss(fmt::format(
          "Faults were counted (getrusage), not seen one by one, so that nobody knows their "
          "causes, "
          "regions, writers, call sites and who paid: perf events cannot be had ({}); `faultline "
          "doctor` tells what would allow them.",
          refused.code().message()));
      return nullptr;
    }
  }

  /// Null, and a sentence in the result, where system calls cannot be heard of.
  std::unique_ptr<SyscallTrace> hear(run::OwnedFd listener, int error, bool has_faults) {
    if (listener.is_open()) return std::make_unique<SyscallTrace>(std::move(listener));
    miss(fmt::format("{}: the kernel gives no seccomp notifications ({}).",
                     has_faults ? "munmap, madvise, mremap and their kin were not seen, so that "
                                  "causes after a fork may be told wrong"
                                : "Pages present at exit are not known",
                     std::strerror(error)));
    return nullptr;
  }

  void miss(std::string sentence) {
    auto& missing = result_.missing;
    if (std::find(missing.begin(), missing.end(), sentence) == missing.end()) {
      missing.push_back(std::move(sentence));
    }
  }

  using Clock = std::chrono::steady_clock;
  const CompareOptions& options_;
  const std::function<void(const Progress&)>& tell_;
  std::string program_;
  std::vector<AllocatorCode> codes_;  ///< one for each entry
  CodeFiles files_;
  PerfRings rings_;
  Comparison result_;
  measure::Tracepoints tracepoints_ = measure::find_tracepoints();
  LaunchFilter filter_ = address_space_filter();
  LaunchFilter exit_filter_ = exit_filter();  ///< where there are no perf events
  /// Some run forked. Without forks a page's presence follows from what was seen before.
  bool forks_ = !options_.warm_up;
  Clock::time_point started_ = Clock::now();
  std::size_t done_ = 0;
  std::future<bool> aside_;  ///< last: it uses the others
};

template <class T>
std::optional<double> known(T value) {
  return static_cast<double>(value);
}

template <class Value>
std::optional<double> if_known(const Run& run, Value value) {
  return run.counts ? known(value()) : std::nullopt;
}

/// The good runs, those with the fewest faults first.
std::vector<std::size_t> by_faults(const Entry& entry) {
  const auto faults = [&](std::size_t i) {
    return entry.runs[i].end.minor + entry.runs[i].end.major;
  };
  std::vector<std::size_t> good;
  for (std::size_t i = 0; i < entry.runs.size(); ++i) {
    if (entry.runs[i].good) good.push_back(i);
  }
  std::stable_sort(good.begin(), good.end(),
                   [&](std::size_t a, std::size_t b) { return faults(a) < faults(b); });
  return good;
}

std::vector<double> values(const Entry& entry, const Figure& figure) {
  std::vector<double> all;
  for (const Run& run : entry.runs) {
    if (!run.good) continue;
    if (const auto value = figure.of(run)) all.push_back(*value);
  }
  return all;
}

}  // namespace

std::int64_t Run::kernel_share() const noexcept {
  return static_cast<std::int64_t>(end.minor + end.major) -
         static_cast<std::int64_t>(counts->total());
}

const Run* Entry::typical() const {
  const std::vector<std::size_t> good = by_faults(*this);
  return good.empty() ? nullptr : &runs[good[(good.size() - 1) / 2]];
}

/// A run has as many below it as now, or up to `more` others; with all of them still to come the
/// middle lies furthest up.
void Entry::drop_lists(std::size_t more) {
  const std::vector<std::size_t> good = by_faults(*this);
  const std::size_t middle = (good.size() + more - 1) / 2;
  for (Run& run : runs) {
    if (!run.good) run.list.reset();
  }
  for (std::size_t below = 0; below < good.size(); ++below) {
    if (below > middle || below + more < middle) runs[good[below]].list.reset();
  }
}

std::size_t Entry::good_runs() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [](const Run& run) { return run.good; }));
}

std::string Entry::status() const {
  std::map<std::string, std::size_t> others;
  for (const Run& run : runs) {
    if (!run.good) ++others[run.end.words()];
  }
  std::string text;
  for (const auto& [words, times] : others) {
    text += fmt::format("{}{} of {}: {}", text.empty() ? "" : ", ", times, runs.size(), words);
  }
  return text.empty() ? "ok" : text;
}

bool Comparison::all_good() const noexcept {
  return std::all_of(entries.begin(), entries.end(),
                     [](const Entry& entry) { return entry.good_runs() == entry.runs.size(); });
}

const std::vector<Figure>& figures() {
  using Unit = Figure::Unit;
  static const std::vector<Figure> kFigures = {
      {"minor", "minor", Unit::Count, [](const Run& r) { return known(r.end.minor); }},
      {"major", "major", Unit::Count, [](const Run& r) { return known(r.end.major); }},
      {"faults_in_malloc", "in malloc", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.counts->in_malloc; }); }},
      {"faults_in_program", "in program", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.counts->in_program; }); }},
      {"faults_in_kernel", "in kernel", Unit::Count,
       [](const Run& r) { return if_known(r, [&] { return r.kernel_share(); }); }},
      {"peak_rss_kb", "peak RSS", Unit::Kilobytes,
       [](const Run& r) { return known(r.end.peak_rss_kb); }},
      {"wall_s", "wall", Unit::Seconds, [](const Run& r) { return known(r.end.wall_s); }},
      {"user_s", "user", Unit::Seconds, [](const Run& r) { return known(r.end.user_s); }},
      {"sys_s", "system", Unit::Seconds, [](const Run& r) { return known(r.end.sys_s); }}};
  return kFigures;
}

Measured measured(const Comparison& comparison, std::size_t entry, const Figure& figure) {
  const auto here = values(comparison.entries[entry], figure);
  if (here.empty()) return {};
  Measured result{summarize(here), {}};
  const auto first = values(comparison.entries.front(), figure);
  if (entry != 0 && !first.empty()) result.p = p_value(first, here);
  return result;
}

Comparison compare(const CompareOptions& options,
                   const std::function<void(const Progress&)>& tell) {
  return Turns{options, tell}.run();
}

}  // namespace tools::compare
