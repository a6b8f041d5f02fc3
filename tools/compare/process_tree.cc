// Start, wait for all, kill all.
#include "tools/compare/process_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "tools/measure/rights.h"
#include "tools/run/owned_fd.h"
#include "tools/trace/preloadable.h"
#include "tools/trace/supervision.h"

extern char** environ;

namespace tools::compare {
namespace {

using Clock = std::chrono::steady_clock;
using run::OwnedFd;

/// SIGCHLD and the signals that end us, held back while this lives so that none is missed.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    for (const int signal : {SIGCHLD, SIGINT, SIGTERM}) sigaddset(&held_, signal);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  [[nodiscard]] const sigset_t& before() const noexcept { return before_; }
  /// The next of them; 0: the deadline passed.
  [[nodiscard]] int next(Clock::time_point deadline) const {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now());
    if (left.count() <= 0) return 0;
    const timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    const int signal = sigtimedwait(&held_, nullptr, &time);
    return signal > 0 ? signal : (errno == EINTR ? SIGCHLD : 0);
  }

 private:
  sigset_t held_{};
  sigset_t before_{};
};

std::vector<std::string> environment(const std::string& preload) {
  constexpr std::string_view kName = "LD_PRELOAD=";
  std::vector<std::string> entries;
  std::string libraries = preload;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (!text.starts_with(kName)) {
      entries.emplace_back(text);
    } else if (text.size() > kName.size()) {
      libraries += (libraries.empty() ? "" : ":") + std::string{text.substr(kName.size())};
    }
  }
  if (!libraries.empty()) entries.push_back(std::string{kName} + libraries);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

OwnedFd open_file(const std::string& path, int flags) {
  OwnedFd fd{open(path.c_str(), flags | O_CLOEXEC, 0666)};
  if (!fd.is_open()) throw std::runtime_error{path + ": " + std::strerror(errno)};
  return fd;
}

/// A pipe closed on exec.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe can be had"};
    out = OwnedFd{ends[0]};
    in = OwnedFd{ends[1]};
  }
  OwnedFd out, in;
};

/// Reads one message of faultline-launch; false: there was none.
template <class T>
bool take(const OwnedFd& from, T& message) {
  ssize_t got = 0;
  while ((got = read(from.get(), &message, sizeof message)) < 0 && errno == EINTR) {
  }
  return got == sizeof message;
}

class Tree {
 public:
  Tree(const TreeCommand& command, const HeldSignals& held) : held_{held} {
    const OwnedFd files[] = {open_file(command.input, O_RDONLY),
                             open_file(command.output, O_WRONLY | O_CREAT | O_TRUNC),
                             open_file(command.errors, O_WRONLY | O_CREAT | O_TRUNC)};
    std::vector<std::string> arguments = {
        trace::find_own_library("faultline-launch", "FAULTLINE_LAUNCH"),
        std::to_string(go_.out.get()), std::to_string(tell_.in.get()), command.program};
    arguments.insert(arguments.end(), command.command.begin(), command.command.end());
    std::vector<std::string> entries = environment(command.preload);
    const auto argv = pointers_to(arguments);
    const auto envp = pointers_to(entries);
    start_launcher(files, argv.data(), envp.data());
    go_.out.reset();
    tell_.in.reset();
    if (launcher_ < 0 || !take(tell_.out, program_)) {
      throw std::runtime_error{arguments[0] + " cannot be run; it belongs to this program."};
    }
  }
  ~Tree() { kill_all(); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// The filter is set, and its listener handed over.
  void prepare(const TreeWatch& watch) {
    const LaunchFilter filter = watch.before_exec ? watch.before_exec(program_) : LaunchFilter{};
    constexpr auto kWhole = static_cast<ssize_t>(sizeof filter);
    started_ = Clock::now();
    if (write(go_.in.get(), &filter, sizeof filter) != kWhole) fail_to_begin();
    if (filter.length == 0) return;
    int listener = -1;
    if (!take(tell_.out, listener)) fail_to_begin();
    if (listener < 0) {
      watch.listener({}, -listener);
    } else {
      OwnedFd taken = take_over(listener);
      const int error = taken.is_open() ? 0 : errno;
      watch.listener(std::move(taken), error);
    }
    started_ = Clock::now();
    if (write(go_.in.get(), "g", 1) != 1) fail_to_begin();
  }

  TreeEnd run(std::optional<std::chrono::milliseconds> limit) {
    if (!take(tell_.out, charged_)) fail_to_begin();
    if (int error = 0; take(tell_.out, error)) {
      throw std::runtime_error{fmt::format("the program cannot be run: {}", std::strerror(error))};
    }
    const auto deadline = started_ + limit.value_or(std::chrono::hours{24 * 365});
    while (!reap()) wait_for_signal(deadline);
    end_.wall_s = std::chrono::duration<double>(Clock::now() - started_).count();
    return end_;
  }

 private:
  struct Charged {
    long minor = 0;
    long major = 0;
  };

  [[noreturn]] static void fail_to_begin() {
    throw std::runtime_error{"the program ended before it began"};
  }

  /// A file of the program's process.
  [[nodiscard]] OwnedFd take_over(int fd) const {
    const OwnedFd process{static_cast<int>(syscall(SYS_pidfd_open, program_, 0))};
    return OwnedFd{static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), fd, 0))};
  }

  /// Without a copy of our address space, which takes the longer the more was measured.
  void start_launcher(const OwnedFd (&files)[3], char* const* argv, char* const* envp) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; ++i) posix_spawn_file_actions_adddup2(&actions, files[i].get(), i);
    for (const int fd : {go_.out.get(), tell_.in.get()}) {
      posix_spawn_file_actions_adddup2(&actions, fd, fd);  // stays open
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &held_.before());
    if (posix_spawn(&launcher_, argv[0], &actions, &attributes, argv, envp) != 0) launcher_ = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }

  void wait_for_signal(Clock::time_point deadline) {
    const int signal = held_.next(deadline);
    if (signal == SIGINT || signal == SIGTERM) throw Interrupted{};
    if (signal != 0) return;
    end_.timed_out = true;
    kill_all();
  }

  /// Takes every process that has ended; true: there is no other.
  bool reap() {
    for (;;) {
      int status = 0;
      rusage usage{};
      const pid_t pid = wait4(-1, &status, WNOHANG, &usage);
      if (pid == 0) return false;
      if (pid < 0) return errno != EINTR;
      if (pid == program_) end_.status = status;
      if (pid != launcher_) add(usage, pid == program_ ? charged_ : Charged{});
    }
  }

  /// `before`: what the process was charged before it became the program.
  void add(const rusage& usage, const Charged& before) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    end_.user_s += seconds(usage.ru_utime);
    end_.sys_s += seconds(usage.ru_stime);
    end_.minor += static_cast<std::uint64_t>(usage.ru_minflt - before.minor);
    end_.major += static_cast<std::uint64_t>(usage.ru_majflt - before.major);
    end_.peak_rss_kb = std::max(end_.peak_rss_kb, static_cast<std::uint64_t>(usage.ru_maxrss));
  }

  /// Orphans become our children: killing children until there are none ends every descendant.
  void kill_all() {
    while (!reap()) {
      if (program_ > 0) kill(-program_, SIGKILL);
      for (const pid_t child : children()) kill(child, SIGKILL);
      static_cast<void>(held_.next(Clock::now() + std::chrono::milliseconds{20}));
    }
  }

  /// Of all our threads; this program starts no others while a tree runs.
  static std::vector<pid_t> children() {
    std::vector<pid_t> found;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task", gone}) {
      const auto text = measure::read_file(task.path().string() + "/children").value_or("");
      for (std::size_t at = 0; at < text.size(); at = text.find_first_of("0123456789", at)) {
        std::size_t digits = 0;
        found.push_back(std::stoi(text.substr(at), &digits));
        at += digits;
      }
    }
    return found;
  }

  const HeldSignals& held_;
  Pipe go_, tell_;
  Charged charged_;
  pid_t launcher_ = -1;
  pid_t program_ = -1;
  Clock::time_point started_;
  TreeEnd end_;
};

}  // namespace

std::string TreeEnd::words() const {
  if (timed_out) return "timed out";
  if (WIFSIGNALED(status)) {
    const char* name = sigabbrev_np(WTERMSIG(status));
    return name == nullptr ? fmt::format("signal {}", WTERMSIG(status))
                           : fmt::format("SIG{}", name);
  }
  return status == 0 ? "ok" : fmt::format("exit status {}", WEXITSTATUS(status));
}

TreeEnd run_tree(const TreeCommand& command, const TreeWatch& watch) {
  const HeldSignals held;
  const trace::Subreaper subreaper;
  Tree tree{command, held};
  tree.prepare(watch);
  return tree.run(command.limit);
}

}  // namespace tools::compare
