// Starting malloc-oracle, handing it traces, reading its raw results.
#include "tests/truth/oracle_client.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

namespace truth {
namespace {

constexpr int kTimeoutMs = 60'000;

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error{"malloc-oracle: " + what + ": " + std::strerror(errno)};
}

int make_file(const char* name, std::size_t bytes) {
  const int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) give_up("no shared memory");
  return file;
}

std::vector<std::string> strings_of(const Environment& environment) {
  std::vector<std::string> strings;
  for (const auto& [name, value] : environment) strings.emplace_back(name).append("=") += value;
  return strings;
}

/// Far below anything loaded; 0: results do not depend on it.
std::uint64_t ceiling_of(const Trace& trace) {
  constexpr std::uint64_t kCeiling = 0x7e00'0000'0000;
  constexpr std::uint64_t kPage = 4096;
  constexpr std::uint64_t kPages = (64ULL << 20) / kPage;  // an arena's heap: all alignments of one
  if (trace.max_alignment <= kPage && !trace.thread) return 0;
  return kCeiling - std::hash<std::string>{}(trace.name) % kPages * kPage;
}

/// What the fork of the test becomes: descriptors 0, 1, ... in place, no address randomization.
[[noreturn]] void become_oracle(std::array<int, 4> descriptors, char* const* environment) {
  for (int& descriptor : descriptors) descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    if (dup2(descriptors[i], static_cast<int>(i)) < 0) _exit(127);
  }
  std::string program = MALLOC_ORACLE;
  personality(ADDR_NO_RANDOMIZE);
  char* const arguments[] = {program.data(), nullptr};
  execve(program.c_str(), arguments, environment);
  _exit(127);
}

}  // namespace

std::string why_no_oracle() {
  const pid_t child = fork();
  if (child == 0) {
    sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter = {1, allow};
    const bool allowed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
    _exit(allowed ? 0 : 1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) give_up("no process");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return "the installed glibc's system calls cannot be watched: seccomp filters are refused here";
}

Oracle::Oracle(const Environment& environment) {
  shared_ = make_file("malloc-oracle", sizeof(Wire));
  standard_error_ = make_file("malloc-oracle-says", 0);
  void* const memory = mmap(nullptr, sizeof(Wire), PROT_READ | PROT_WRITE, MAP_SHARED, shared_, 0);
  if (memory == MAP_FAILED) give_up("no shared memory");
  wire_ = static_cast<Wire*>(memory);
  start(environment);
  run(Trace{});  // it answers, and says its version
}

Oracle::~Oracle() {
  for (const int descriptor : {socket_, standard_error_, shared_}) close(descriptor);
  if (child_ > 0) waitpid(child_, nullptr, 0);
  munmap(wire_, sizeof(Wire));
}

void Oracle::start(const Environment& environment) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) give_up("no socket");
  std::vector<std::string> strings = strings_of(environment);
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  child_ = fork();
  if (child_ < 0) give_up("no process");
  if (child_ == 0) {
    become_oracle({ends[1], ends[1], standard_error_, shared_}, pointers.data());
  }
  close(ends[1]);
  socket_ = ends[0];
}

std::string Oracle::glibc() const { return wire_->glibc; }

void Oracle::ask(const Trace& trace, Mappings mappings) {
  if (trace.steps.size() > kWireOps || trace.slots > kWireSlots) {
    throw std::runtime_error{"malloc-oracle: " + trace.name + " is too long"};
  }
  wire_->ops = static_cast<std::uint32_t>(trace.steps.size());
  wire_->in_thread = trace.thread ? 1 : 0;
  wire_->ceiling = mappings == Mappings::ByTrace ? ceiling_of(trace) : 0;
  wire_->base_offset = trace.base;
  wire_->begun = wire_->done = wire_->calls_made = wire_->overflow = 0;
  std::memset(wire_->slot, 0, trace.slots * sizeof *wire_->slot);
  std::memset(wire_->result, 0, trace.steps.size() * sizeof *wire_->result);
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    const Op& op = trace.steps[i].op;
    wire_->op[i] = {op.n, op.m, op.slot, static_cast<char>(op.verb)};
  }
}

int Oracle::wait_for_status() {
  int status = 0;
  pollfd ready = {socket_, POLLIN, 0};
  if (poll(&ready, 1, kTimeoutMs) != 1) give_up("no answer in a minute");
  const auto got = read(socket_, &status, sizeof status);
  if (got == sizeof status) return status;
  int exit_status = 0;
  waitpid(child_, &exit_status, 0);
  child_ = -1;
  throw std::runtime_error{"malloc-oracle: ended with status " + std::to_string(exit_status) +
                           (WEXITSTATUS(exit_status) == 3 ? " (no seccomp filter here)" : "")};
}

/// What the library said while dying, without the newline.
std::string Oracle::take_standard_error() {
  std::array<char, 4096> text{};
  const auto size = pread(standard_error_, text.data(), text.size(), 0);
  if (ftruncate(standard_error_, 0) != 0 || lseek(standard_error_, 0, SEEK_SET) != 0) {
    give_up("no file to write messages to");
  }
  std::string said(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

OracleAnswer Oracle::run(const Trace& trace, Mappings mappings) {
  ask(trace, mappings);
  const char command = 'r';
  if (send(socket_, &command, 1, MSG_NOSIGNAL) != 1) give_up("gone");
  const int status = wait_for_status();
  const std::string said = take_standard_error();
  if (wire_->overflow != 0) throw std::runtime_error{"malloc-oracle: " + trace.name + ": too much"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {wire_, ""};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) return {wire_, said};
  throw std::runtime_error{"malloc-oracle: " + trace.name + ": op " +
                           std::to_string(wire_->begun - 1) + ' ' +
                           to_string(trace.steps.at(wire_->begun - 1).op) + ": died of status " +
                           std::to_string(status) + ' ' + said};
}

}  // namespace truth
