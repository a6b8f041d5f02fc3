// cat says a line back: then malloc is set up, and it waits for the next.
#include "tools/inspect/glibc_probe.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "tools/inspect/process_reader.h"
#include "tools/run/owned_fd.h"

namespace tools::inspect {
namespace {

class Probe {
 public:
  explicit Probe(const std::string& tunables) {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    line_ = run::OwnedFd{ends[0]};
    const run::OwnedFd its_end{ends[1]};
    std::string variable = "GLIBC_TUNABLES=" + tunables, name = "cat";
    std::array<char*, 2> arguments{name.data(), nullptr}, environment{variable.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, its_end.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, its_end.get(), STDOUT_FILENO);
    if (posix_spawnp(&pid_, "cat", &actions, nullptr, arguments.data(), environment.data()) != 0) {
      pid_ = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Probe() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Whether it read a line and wrote it again.
  [[nodiscard]] bool answers() const {
    char line = '\n';
    return pid_ > 0 && ::send(line_.get(), &line, 1, MSG_NOSIGNAL) == 1 &&
           ::recv(line_.get(), &line, 1, 0) == 1;
  }

 private:
  run::OwnedFd line_;
  pid_t pid_ = -1;
};

}  // namespace

std::optional<Snapshot> snapshot_of_probe(const std::string& tunables) {
  const Probe probe{tunables};
  if (!probe.answers()) return std::nullopt;
  try {
    return read_process(probe.pid());
  } catch (const CannotInspect&) {
    return std::nullopt;
  }
}

}  // namespace tools::inspect
