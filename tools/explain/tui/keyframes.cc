// Forking a run, and asking the forks.
#include "tools/explain/tui/keyframes.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace tools::explain {
namespace {

constexpr std::size_t kMost = 64;

/// All bytes, or false: the other side has ended.
bool send_all(int socket, const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count != 0) {
    const ssize_t sent = ::send(socket, at, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* bytes, std::size_t count) {
  auto* at = static_cast<char*>(bytes);
  while (count != 0) {
    const ssize_t got = ::recv(socket, at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

/// A frame is sent as whether there is one, then the length and bytes of each text.
bool send_frame(int socket, const Frame& frame) {
  const bool drawn = true;
  if (!send_all(socket, &drawn, sizeof drawn)) return false;
  return std::all_of(frame.begin(), frame.end(), [socket](const std::string& text) {
    const std::uint64_t length = text.size();
    return send_all(socket, &length, sizeof length) && send_all(socket, text.data(), text.size());
  });
}

bool receive_frame(int socket, Frame& frame) {
  bool drawn = false;
  if (!receive_all(socket, &drawn, sizeof drawn) || !drawn) return false;
  return std::all_of(frame.begin(), frame.end(), [socket](std::string& text) {
    std::uint64_t length = 0;
    if (!receive_all(socket, &length, sizeof length)) return false;
    text.resize(length);
    return receive_all(socket, text.data(), length);
  });
}

/// Whether the child has done what it was made for.
bool succeeded(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// What the terminal sends to all of a job is for the process that shows, which stays or ends.
void ignore_keys() {
  for (const int signal : {SIGINT, SIGQUIT, SIGHUP}) (void)::signal(signal, SIG_IGN);
}

}  // namespace

Keyframes::Keyframes(const script::Program& program, std::function<void(const Step&)> look)
    : program_{program},
      look_{std::move(look)},
      stepper_{program, [this](const Step& step) { at(step); }},
      apart_{program.ops.size() / kMost + 1} {}

Keyframes::~Keyframes() {
  for (const Keyframe& keyframe : keyframes_) ::close(keyframe.socket);
  for (const Keyframe& keyframe : keyframes_) (void)succeeded(keyframe.process);
}

run::RunOutcome Keyframes::run(const run::SimSetup& setup, const run::RunOptions& options) {
  try {
    run::SimRunner runner{setup};
    runner.set_witness(this);
    run::RunOutcome outcome = runner.run(program_, options);
    if (wanted_) ::_exit(1);
    return outcome;
  } catch (...) {
    if (wanted_) ::_exit(1);
    throw;
  }
}

void Keyframes::at(const Step& step) {
  if (wanted_) {
    if (step.index() == wanted_->op) answer(step);
    return;
  }
  look_(step);
  if (step.index() % apart_ == 0) keep(step);
}

void Keyframes::keep(const Step& step) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  const pid_t process = ::fork();
  if (process == 0) {
    ignore_keys();
    ::close(ends[0]);
    for (const Keyframe& keyframe : keyframes_) ::close(keyframe.socket);
    return serve(step, ends[1]);
  }
  ::close(ends[1]);
  if (process > 0) {
    keyframes_.push_back({step.index(), ends[0], process});
    return;
  }
  ::close(ends[0]);
  if (keyframes_.empty()) throw std::runtime_error{"no process could be made to go back to."};
}

/// Returns only in a process that simulates on.
void Keyframes::serve(const Step& step, int socket) {
  FrameRequest request;
  while (receive_all(socket, &request, sizeof request)) {
    const pid_t process = ::fork();
    if (process == 0) {
      wanted_ = request;
      answers_to_ = socket;
      return at(step);
    }
    const bool drawn = false;
    if ((process < 0 || !succeeded(process)) && !send_all(socket, &drawn, sizeof drawn)) break;
  }
  ::_exit(0);
}

void Keyframes::answer(const Step& step) const {
  ::_exit(send_frame(answers_to_, frame_of(step, *wanted_)) ? 0 : 1);
}

Frame Keyframes::show(const FrameRequest& request) {
  const auto later = [&](const Keyframe& keyframe) { return keyframe.op > request.op; };
  const auto after = std::find_if(keyframes_.begin(), keyframes_.end(), later);
  Frame frame;
  const bool shown = after != keyframes_.begin() &&
                     send_all(std::prev(after)->socket, &request, sizeof request) &&
                     receive_frame(std::prev(after)->socket, frame);
  if (!shown) throw std::runtime_error{"the process that draws this step has ended."};
  return frame;
}

}  // namespace tools::explain
