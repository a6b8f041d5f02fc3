// Runs a program and everything it starts, and records their allocator calls.
#include "tools/trace/recorder.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
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

/// Whether the program gets another value of the variable in `entry` than we have.
bool is_replaced(std::string_view entry, const std::vector<std::string>& own) {
  const std::string_view name = entry.substr(0, entry.find('=') + 1);
  return name == std::string{wire::kAreaVariable} + "=" ||
         std::any_of(own.begin(), own.end(),
                     [name](const std::string& each) { return each.starts_with(name); });
}

std::vector<std::string> environment(const std::string& area, const std::string& library,
                                     const std::vector<std::string>& own) {
  std::vector<std::string> entries{own};
  std::string preload = "LD_PRELOAD=" + library;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (text.starts_with("LD_PRELOAD=")) {
      preload += ":" + std::string{text.substr(std::strlen("LD_PRELOAD="))};
    } else if (!is_replaced(text, own)) {
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

/// The program's file and what it is started with.
struct Start {
  std::string path;
  std::vector<std::string> command;
  std::vector<std::string> entries;  ///< of its environment
  const sigset_t& default_signals;
};

pid_t start_at_once(Start program) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &program.default_signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  // posix_spawnp: a script without a first line #! is run by the shell
  const int error =
      posix_spawnp(&pid, program.path.c_str(), nullptr, &attributes,
                   pointers(program.command).data(), pointers(program.entries).data());
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw TraceError("cannot run " + program.path + ": " + std::strerror(error));
  return pid;
}

/// What a process started by start_watched() does: waits for a byte, becomes the program.
[[noreturn]] void become(int gate, const Start& program, char* const* argv, char* const* envp) {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (sigismember(&program.default_signals, signal) == 1) std::signal(signal, SIG_DFL);
  }
  constexpr int kNotRun = 127;
  char go = 0;
  if (read(gate, &go, 1) == 1) execvpe(program.path.c_str(), argv, envp);
  _exit(kNotRun);
}

/// `before_exec` sees the process before it becomes the program; what it throws ends the process.
pid_t start_watched(Start program, const std::function<void(pid_t)>& before_exec) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw TraceError("no pipe can be had");
  const auto argv = pointers(program.command);
  const auto envp = pointers(program.entries);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[1]);
    become(ends[0], program, argv.data(), envp.data());
  }
  close(ends[0]);
  if (pid < 0) throw TraceError("cannot run " + program.path + ": " + std::strerror(errno));
  try {
    before_exec(pid);
  } catch (...) {
    close(ends[1]);
    waitpid(pid, nullptr, 0);
    throw;
  }
  const bool begun = write(ends[1], "g", 1) == 1;
  close(ends[1]);
  if (!begun) throw TraceError(program.path + " ended before it began");
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
          .touches = options.touches,
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
  const std::string program = find_program(options.command.front());
  if (const auto reason = why_not_preloadable(program)) throw TraceError(*reason);
  const std::string library = options.library.empty() ? find_library() : options.library;
  SharedArea area{options.timed};
  TraceWriter writer{options.output, describe(options), options.replace};
  Collector collector{area, writer, options.addresses};
  const InterruptsIgnored interrupts;
  const Subreaper subreaper;
  RecordStats stats;
  const auto before = std::chrono::steady_clock::now();
  Pipeline pipeline{area, collector};
  const sigset_t restored = interrupts.restored();
  Start start{program, options.command, environment(area.path(), library, options.environment),
              restored};
  const pid_t pid = options.before_exec ? start_watched(std::move(start), options.before_exec)
                                        : start_at_once(std::move(start));
  const Ended ended = wait_for_all(pid);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - before;
  pipeline.finish();
  collector.finish();
  stats.events = collector.events();
  stats.by_verb = collector.by_verb();
  stats.processes = collector.processes();
  stats.losses = collector.losses();
  if (options.timed) stats.times = collector.take_times();
  stats.bytes = writer.bytes();
  stats.seconds = wall.count();
  stats.user_seconds = seconds(ended.usage.ru_utime);
  stats.system_seconds = seconds(ended.usage.ru_stime);
  stats.status = ended.status;
  return stats;
}

}  // namespace tools::trace
