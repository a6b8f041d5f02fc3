// Stopping every thread, those that begin meanwhile included.
#include "tools/inspect/stopped_process.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {
namespace {

CannotInspect refused(pid_t pid, int error) {
  const bool zombie = status_of(pid, "State:").starts_with("Z");
  if (error == ESRCH || zombie) return CannotInspect{fmt::format("process {} has ended.", pid)};
  const std::string tracer = status_of(pid, "TracerPid:");
  if (!tracer.empty() && tracer != "0") {
    return CannotInspect{
        fmt::format("process {} is traced by process {} already; end that first.", pid, tracer)};
  }
  return CannotInspect{
      fmt::format("process {} may not be traced by this user ({}): run faultline as root, or see "
                  "kernel.yama.ptrace_scope.",
                  pid, std::strerror(error))};
}

}  // namespace

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  std::error_code error;
  const std::filesystem::directory_iterator tasks{fmt::format("/proc/{}/task", pid), error};
  for (const auto& entry : tasks) {
    const std::string name = entry.path().filename();
    pid_t tid = 0;
    std::from_chars(name.data(), name.data() + name.size(), tid);
    threads.push_back(tid);
  }
  return threads;
}

std::string status_of(pid_t pid, std::string_view key) {
  std::ifstream file{fmt::format("/proc/{}/status", pid)};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto value = line.find_first_not_of(" \t", key.size());
    return value == std::string::npos ? std::string{} : line.substr(value);
  }
  return {};
}

StoppedProcess::StoppedProcess(pid_t pid) : pid_{pid} {
  try {
    while (stop_new_threads()) {
    }
  } catch (...) {
    release();
    throw;
  }
  if (threads_.empty()) throw refused(pid, ESRCH);
}

/// Whether there were any.
bool StoppedProcess::stop_new_threads() {
  const std::size_t before = threads_.size();
  for (const pid_t tid : threads_of(pid_)) {
    if (std::find(threads_.begin(), threads_.end(), tid) == threads_.end()) stop(tid);
  }
  return threads_.size() != before;
}

void StoppedProcess::stop(pid_t tid) {
  if (::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
    if (errno == ESRCH && tid != pid_) return;  // it ended meanwhile
    throw refused(pid_, errno);
  }
  threads_.push_back(tid);
  if (::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0) return;
  int status = 0;
  (void)::waitpid(tid, &status, __WALL);
  if (WIFEXITED(status) || WIFSIGNALED(status)) {
    threads_.pop_back();
    if (tid == pid_) throw refused(pid_, ESRCH);
  }
}

void StoppedProcess::release() noexcept {
  for (const pid_t tid : threads_) (void)::ptrace(PTRACE_DETACH, tid, nullptr, nullptr);
}

StoppedProcess::~StoppedProcess() { release(); }

std::vector<std::uint64_t> StoppedProcess::thread_pointers() const {
  std::vector<std::uint64_t> pointers;
#ifdef __x86_64__
  for (const pid_t tid : threads_) {
    user_regs_struct registers{};
    iovec where{&registers, sizeof registers};
    if (::ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &where) != 0) continue;
    if (where.iov_len != sizeof registers) {
      throw CannotInspect{
          fmt::format("process {} is a program of 32 bits, whose heap has another "
                      "layout.",
                      pid_)};
    }
    pointers.push_back(registers.fs_base);
  }
#endif
  return pointers;
}

}  // namespace tools::inspect
