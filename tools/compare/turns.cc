// Taking turns.
#include "tools/compare/comparison.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <system_error>

#include "tools/compare/aside.h"
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

/// Lives as long as the program: to free it piece by piece takes as long as some programs run.
CodeFiles& kept_files() {
  static auto* const kFiles = new CodeFiles;
  return *kFiles;
}

std::string what_rights_add(const FaultStream& stream) {
  return fmt::format(
      "Not told to this user: {}{}{}; `faultline doctor` tells what would allow them.",
      stream.kernel_mode() ? "" : "which system calls the faults in the kernel were in",
      stream.kernel_mode() || stream.error_codes() ? "" : ", and ",
      stream.error_codes() ? "" : "the error codes of faults");
}

/// Runs may wait to be put together as long as what was taken of them is not more than these bytes.
constexpr std::size_t kMostKept = std::size_t{64} << 20;

/// A run that has ended, of which not all is known yet.
struct Watched {
  Run run;
  std::unique_ptr<FaultStream> stream;  ///< null: perf was refused
  std::vector<StreamEvent> calls;
};

/// The turns of one comparison. What was seen of a run is put together while the next ones run.
class Turns {
 public:
  Turns(const CompareOptions& options, const std::function<void(const Progress&)>& tell)
      : options_{options}, tell_{tell}, program_{trace::find_program(options.command.front())} {
    for (const Subject& subject : options.subjects) {
      result_.entries.push_back({subject, {}, {}});
    }
    result_.command = options.command;
    result_.runs = options.runs;
    keep_freed_memory();
    measure::keep_fault_events_in_use();
    if (options.error_codes) measure::keep_in_use(tracepoints_);
    if (!options.output_folder.empty()) std::filesystem::create_directories(options.output_folder);
  }

  Comparison run() {
    refuse_what_ignores_preloads();
    const unsigned first = options_.warm_up ? 0 : 1;
    aside_.begin(std::packaged_task<void()>{[this] { read_ahead(); }});
    const std::size_t all = (options_.runs + 1 - first) * result_.entries.size();
    for (unsigned round = first; round <= options_.runs; ++round) {
      take_round(round, all);
      if (round != 0) continue;
      aside_.wait();
      forks_ |= forked_;
    }
    measure::let_go_of_tracepoints();
    aside_.wait();
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
      auto watched = std::make_unique<Watched>(run_once(entry.subject, round));
      if (watched->stream != nullptr) aside_.wait(kMostKept / (watched->stream->bytes() + 1));
      auto finish = [this, index, round, watched = std::move(watched)]() mutable {
        put_together(*watched, index, round);
        watched.reset();  // its memory serves the next run
      };
      aside_.begin(std::packaged_task<void()>{std::move(finish)});
      ++done_;
    }
  }

  Watched run_once(const Subject& subject, unsigned round) {
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
    Watched watched;
    std::unique_ptr<FaultStream>& stream = watched.stream;
    std::unique_ptr<SyscallTrace> calls;
    const TreeWatch watch{[&](pid_t program) {
                            stream = follow(program);
                            return stream != nullptr ? filter_ : exit_filter_;
                          },
                          [&](run::OwnedFd listener, int error) {
                            calls = hear(std::move(listener), error, stream != nullptr);
                          }};
    Run& run = watched.run;
    run.end = run_tree(command, watch);
    run.good = !run.end.timed_out && WIFEXITED(run.end.status) &&
               WEXITSTATUS(run.end.status) == options_.expected_status;
    if (stream != nullptr) stream->end();
    if (calls != nullptr) {
      watched.calls = calls->take();
      if (stream == nullptr) run.present = calls->present_at_exit();
    }
    return watched;
  }

  /// The rest of a run: what every one is counted by; of a warm-up, what files tell of its code is
  /// read besides, for the runs that are shown. Which those are is known after the last round's.
  void put_together(Watched& watched, std::size_t index, unsigned round) {
    Run& run = watched.run;
    if (watched.stream != nullptr) {
      std::vector<StreamEvent> events = watched.stream->events();
      merge(events, std::move(watched.calls));
      run.list = std::make_shared<FaultList>(play(std::move(events), codes_[index], files_));
      run.list->lost = watched.stream->lost();
      run.counts = count(*run.list);
    }
    if (round != 0) {
      result_.entries[index].runs.push_back(std::move(run));
      result_.entries[index].drop_lists(options_.runs - round);
      if (round == options_.runs) show_typical(result_.entries[index], codes_[index]);
    } else if (run.list != nullptr) {
      explain(*run.list, codes_[index], files_);
      static_cast<void>(profile(*run.list, codes_[index], files_.symbols));
      forked_ |= run.list->forks != 0;
    }
  }

  /// While the first program warms up: nobody counts what that takes from it.
  void read_ahead() {
    for (const Entry& entry : result_.entries) codes_.emplace_back(entry.subject.library);
    if (options_.warm_up && tracepoints_.kernel != 0)
      files_.system_calls.read();  // who has those is told of the kernel
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
      if (rings_.empty()) make_warm_rings();
      auto stream = std::make_unique<FaultStream>(
          program, rings_,
          StreamOptions{options_.unwind, forks_,
                        options_.error_codes ? tracepoints_ : measure::Tracepoints{}});
      const bool told = stream->error_codes() || !options_.error_codes;
      if (!stream->kernel_mode() || !told) miss(what_rights_add(*stream));
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

  void make_warm_rings() {
    rings_ = make_rings();
    const auto touch = [this] {
      for (const auto& ring : rings_) ring->touch();
    };
    if (options_.warm_up) aside_.begin(std::packaged_task<void()>{touch});
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
  std::vector<AllocatorCode> codes_;  ///< one for each entry; read aside
  CodeFiles& files_ = kept_files();
  PerfRings rings_;
  Comparison result_;
  measure::Tracepoints tracepoints_ = measure::find_tracepoints();
  LaunchFilter filter_ = address_space_filter();
  LaunchFilter exit_filter_ = exit_filter();  ///< where there are no perf events
  /// Some run forked. Without forks a page's presence follows from what was seen before.
  bool forks_ = !options_.warm_up;
  bool forked_ = false;  ///< the same, as far as runs were put together
  Clock::time_point started_ = Clock::now();
  std::size_t done_ = 0;
  Aside aside_;  ///< last: it uses the others
};

}  // namespace

Comparison compare(const CompareOptions& options,
                   const std::function<void(const Progress&)>& tell) {
  return Turns{options, tell}.run();
}

}  // namespace tools::compare
