// Starting, waiting, killing.
#include "tools/run/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

extern char** environ;

namespace tools::run {
namespace {

constexpr rlim_t kStackBytes = 8u << 20;
constexpr int kExecFailed = 127;

/// Whether the child gets another value of the variable in `entry` than this program has.
bool is_replaced(std::string_view entry, const ChildCommand& command) {
  const std::string_view name = entry.substr(0, entry.find('=') + 1);
  return name == "LD_PRELOAD=" || name == "LD_BIND_NOW=" ||
         std::any_of(command.environment.begin(), command.environment.end(),
                     [name](const std::string& own) { return own.starts_with(name); });
}

std::vector<std::string> environment_of(const ChildCommand& command) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_replaced(*entry, command)) all.emplace_back(*entry);
  }
  all.emplace_back("LD_BIND_NOW=1");
  if (!command.preload.empty()) all.push_back("LD_PRELOAD=" + command.preload);
  all.insert(all.end(), command.environment.begin(), command.environment.end());
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// All processes of the child share one processor: a page that another one still holds in a batch
/// of its own has a reference more, and a sole owner copies what it would take over.
void stay_on_one_processor() {
  const int now = sched_getcpu();
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<unsigned>(now < 0 ? 0 : now), &only);
  sched_setaffinity(0, sizeof only, &only);
}

/// Between fork and exec: system calls only.
void become_child(const ChildCommand& command, int error_fd, pid_t runner) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != runner) _exit(kExecFailed);
  prctl(PR_SET_THP_DISABLE, command.allow_huge_pages ? 0 : 1, 0, 0, 0);
  personality(ADDR_NO_RANDOMIZE);
  stay_on_one_processor();
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  if (stack.rlim_max == RLIM_INFINITY || stack.rlim_max >= kStackBytes)
    stack.rlim_cur = kStackBytes;
  setrlimit(RLIMIT_STACK, &stack);
  dup2(error_fd, STDERR_FILENO);
  for (const int fd : command.kept_fds) fcntl(fd, F_SETFD, 0);
}

/// Everything under the command's group is ended; a group of the dead is no error.
void kill_group(pid_t pid) { kill(-pid, SIGKILL); }

std::string read_all(int fd) {
  std::string text(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)), '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

/// The life line: every process of the child holds its other end.
bool wait_for_end(int life_line, std::optional<std::chrono::milliseconds> limit) {
  pollfd waited{life_line, POLLIN, 0};
  const auto deadline = std::chrono::steady_clock::now() + limit.value_or(std::chrono::hours{24});
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const int ready = poll(&waited, 1, left.count() < 0 ? 0 : static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

}  // namespace

ChildEnd run_child(const ChildCommand& command, std::optional<std::chrono::milliseconds> limit) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe can be made"};
  const OwnedFd life_line{ends[0]};
  OwnedFd other_end{ends[1]};
  const OwnedFd error{memfd_create("faultline-stderr", MFD_CLOEXEC)};
  ChildCommand kept = command;
  kept.kept_fds.push_back(command.shared_fd);
  kept.kept_fds.push_back(other_end.get());
  std::vector<std::string> arguments{command.program, std::to_string(command.shared_fd)};
  std::vector<std::string> environment = environment_of(command);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  const pid_t runner = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error{"no child process can be started"};
  if (pid == 0) {
    become_child(kept, error.get(), runner);
    execve(command.program.c_str(), argv.data(), envp.data());
    _exit(kExecFailed);
  }
  setpgid(pid, pid);
  other_end.reset();
  ChildEnd end;
  end.timed_out = !wait_for_end(life_line.get(), limit);
  kill_group(pid);
  waitpid(pid, &end.status, 0);
  end.error = read_all(error.get());
  return end;
}

std::string find_child_program() {
  if (const char* named = std::getenv("FAULTLINE_CHILD"); named != nullptr) return named;
  const auto own = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path places[] = {own / "faultline-child", own / "../bin/faultline-child",
                                          own / "../libexec/faultline/faultline-child",
                                          own / "../../bin/faultline-child"};
  for (const auto& place : places)
    if (std::filesystem::exists(place)) return place.lexically_normal().string();
  throw std::runtime_error{"faultline-child was not found beside " + own.string() +
                           ": name it in FAULTLINE_CHILD"};
}

}  // namespace tools::run
