// The caretaker's life: no memory of the test is used but what it had when it was forked.
#include "tests/machine/caretaker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <stdexcept>
#include <vector>

namespace machine {
namespace {

constexpr const char* kLockPlaces[] = {"/run/lock/faultline-machine", "/tmp/faultline-machine"};

void write_text(const std::string& path, const std::string& text) {
  const tools::run::OwnedFd file{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (file.is_open()) static_cast<void>(!write(file.get(), text.data(), text.size()));
}

/// "w PATH\tTEXT": one chore, a line.
void perform(const std::string& chore) {
  const std::size_t tab = chore.find('\t');
  const std::string path = chore.substr(1, tab - 1);
  switch (chore[0]) {
    case 'w':
      return write_text(path, chore.substr(tab + 1));
    case 's':
      static_cast<void>(swapoff(path.c_str()));
      return;
    case 'u':
      static_cast<void>(unlink(path.c_str()));
      return;
    default:
      static_cast<void>(rmdir(path.c_str()));
  }
}

int held_lock = -1;

/// Whoever waits for the test's output, or for the end of another caretaker, does not wait for this
/// one; the lock stays open.
void detach(int chores) {
  const auto close_all = [](int first, int last) {
    if (first <= last) close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0);
  };
  const auto [low, high] = std::minmax(chores, held_lock < 0 ? chores : held_lock);
  close_all(STDERR_FILENO + 1, low - 1);
  close_all(low + 1, high - 1);
  close_all(high + 1, INT_MAX);
  setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  const int nothing = open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, standard);
}

[[noreturn]] void live(int chores) {
  detach(chores);
  std::string text;
  char part[4096];
  for (ssize_t got = 1; got != 0;) {
    got = read(chores, part, sizeof part);
    if (got > 0) text.append(part, static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) perform(*line);
  _exit(0);
}

}  // namespace

Caretaker::Caretaker() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error{"no pipe can be made"};
  tools::run::OwnedFd ours{ends[0]};
  chores_ = tools::run::OwnedFd{ends[1]};
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error{"no caretaker process can be started"};
  if (pid_ == 0) {
    chores_.reset();
    live(ours.get());
  }
}

Caretaker::~Caretaker() {
  chores_.reset();
  waitpid(pid_, nullptr, 0);
}

void Caretaker::add(char kind, const std::string& path, const std::string& text) {
  const std::string chore = kind + path + '\t' + text + '\n';
  if (write(chores_.get(), chore.data(), chore.size()) != static_cast<ssize_t>(chore.size()))
    throw std::runtime_error{"the caretaker process is gone"};
}

MachineLock::MachineLock() {
  for (const char* place : kLockPlaces) {
    lock_ = tools::run::OwnedFd{open(place, O_RDWR | O_CREAT | O_CLOEXEC, 0666)};
    if (!lock_.is_open()) continue;
    static_cast<void>(flock(lock_.get(), LOCK_EX));
    held_lock = lock_.get();
    return;
  }
}

MachineLock::~MachineLock() { held_lock = -1; }

}  // namespace machine
