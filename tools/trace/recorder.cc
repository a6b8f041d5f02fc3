// Runs a program and everything it starts, and records their allocator calls.
#include "tools/trace/recorder.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include "tools/trace/collector.h"
#include "tools/trace/preloadable.h"
#include "tools/trace/shared_area.h"
#include "tools/trace/supervision.h"

extern char** environ;

namespace tools::trace {
namespace {

constexpr char kLibraryName[] = "libfaultline-record.so";
constexpr int kVisitMilliseconds = 10;
constexpr int kVisitsToLookForDead = 20;
constexpr auto kFlushEvery = std::chrono::seconds{1};

std::vector<std::string> environment(const std::string& area, const std::string& library) {
  std::vector<std::string> entries;
  std::string preload = "LD_PRELOAD=" + library;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (text.starts_with("LD_PRELOAD=")) {
      preload += ":" + std::string{text.substr(std::strlen("LD_PRELOAD="))};
    } else if (!text.starts_with(std::string{wire::kAreaVariable} + "=")) {
      entries.emplace_back(text);
    }
  }
  entries.push_back(preload);
  entries.push_back(std::string{wire::kAreaVariable} + "=" + area);
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  all.reserve(strings.size() + 1);
  for (std::string& s : strings) all.push_back(s.data());
  all.push_back(nullptr);
  return all;
}

pid_t start(const std::string& path, std::vector<std::string> command,
            std::vector<std::string> entries, const sigset_t& default_signals) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &default_signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  // posix_spawnp: a script without a first line #! is run by the shell
  const int error = posix_spawnp(&pid, path.c_str(), nullptr, &attributes, pointers(command).data(),
                                 pointers(entries).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw TraceError("cannot run " + path + ": " + std::strerror(error));
  return pid;
}

struct Ended {
  int status = 0;
  rusage usage{};
};

/// Waits for the program and for everything that outlives it.
Ended wait_for_all(pid_t program) {
  Ended ended;
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, 0, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return ended;
    if (pid != program) continue;
    ended.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    ended.usage = usage;
  }
}

/// Takes what programs publish until told to stop.
void collect(SharedArea& area, Collector& collector, const std::atomic<bool>& stop) {
  auto flushed = std::chrono::steady_clock::now();
  for (int visits = 0; !stop; ++visits) {
    collector.visit(visits % kVisitsToLookForDead == 0);
    const auto now = std::chrono::steady_clock::now();
    if (now - flushed >= kFlushEvery) {
      collector.flush();
      flushed = now;
    }
    area.wait(kVisitMilliseconds);
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

TraceInfo describe(const RecordOptions& options) {
  utsname name{};
  uname(&name);
  return {.command = options.command,
          .page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
          .machine = name.machine,
          .kernel = name.release,
          .addresses = options.addresses};
}

/// The threads between the program and the file.
class Pipeline {
 public:
  Pipeline(SharedArea& area, Collector& collector) : area_{area} {
    maker_ = std::thread{[this] { area_.make_segments(); }};
    collector_ = std::thread{[this, &collector] {
      try {
        collect(area_, collector, stop_);
      } catch (const TraceError&) {
        error_ = std::current_exception();
        area_.stop();  // the program goes on, unrecorded
      }
    }};
  }
  ~Pipeline() { join(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Throws what went wrong on the way.
  void finish() {
    join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void join() {
    stop_ = true;
    area_.wake();
    if (collector_.joinable()) collector_.join();
    area_.stop();
    if (maker_.joinable()) maker_.join();
  }

  SharedArea& area_;
  std::atomic<bool> stop_ = false;
  std::exception_ptr error_;
  std::thread maker_, collector_;
};

}  // namespace

std::string find_library() { return find_own_library(kLibraryName, "FAULTLINE_RECORD_LIBRARY"); }

RecordStats record(const RecordOptions& options) {
  if (options.command.empty()) throw TraceError("no program to record");
  if (options.touches) {
    throw TraceError(
        "--touches: first touches cannot be recorded by this version; record the calls, and choose "
        "a policy at the replay with --touch none|first|all");
  }
  const std::string program = find_program(options.command.front());
  if (const auto reason = why_not_preloadable(program)) throw TraceError(*reason);
  const std::string library = options.library.empty() ? find_library() : options.library;
  SharedArea area;
  TraceWriter writer{options.output, describe(options), options.replace};
  Collector collector{area, writer, options.addresses};
  const InterruptsIgnored interrupts;
  const Subreaper subreaper;
  RecordStats stats;
  const auto before = std::chrono::steady_clock::now();
  Pipeline pipeline{area, collector};
  const pid_t pid =
      start(program, options.command, environment(area.path(), library), interrupts.restored());
  const Ended ended = wait_for_all(pid);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
  pipeline.finish();
  collector.finish();
  stats.events = collector.events();
  stats.by_verb = collector.by_verb();
  stats.processes = collector.processes();
  stats.losses = collector.losses();
  stats.bytes = writer.bytes();
  stats.seconds = wall.count();
  stats.user_seconds = seconds(ended.usage.ru_utime);
  stats.system_seconds = seconds(ended.usage.ru_stime);
  stats.status = ended.status;
  return stats;
}

}  // namespace tools::trace
