// Loads, stores and the kernel's copies.
#include <cerrno>

#include <fcntl.h>
#include <sys/uio.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/access.h"
#include "tools/run/child/guard.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/resolve.h"
#include "tools/run/child/verbs.h"
#include "tools/run/touches.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;
using script::Op;
using script::Verb;
namespace flag = script::flag;

alignas(4096) unsigned char buffer[kBufferBytes];
constexpr std::uint64_t kFillPiece = 1 << 20;

/// The accesses of a place or of a range.
template <class Access>
void each_page(Call& call, Access access) {
  if (call.op->pages == 0) return access(call.to, call.op->n == 0 ? 1 : call.op->n);
  const Touches touches{*call.op, call.to, call.block, kPage};
  for (std::uint64_t i = 0; i < touches.count(); ++i) {
    access(touches.at(i), 1);
    keep_ring_free(call);
  }
}

void act_read(Call& call) { each_page(call, load); }
void act_write(Call& call) { each_page(call, store); }
void act_update(Call& call) { update(call.to); }
void act_cas_fail(Call& call) { cas_fail(call.to); }
void act_prefetch(Call& call) { prefetch(call.to); }
void act_copy(Call& call) { copy(call.to, call.from, call.op->n); }
void act_exec(Call& call) {
  step_once();
  execute(call.to, arg(buffer) + kBufferBytes / 2);
}

/// Ascending, in pieces, so that the ring can be read in between.
void act_fill(Call& call) {
  for (std::uint64_t at = 0; at < call.op->n; at += kFillPiece) {
    fill(call.to + at, call.op->n - at < kFillPiece ? call.op->n - at : kFillPiece);
    keep_ring_free(call);
  }
}

void prepare_sys_read(Call& call) {
  call.fd = (call.op->flags & flag::ZeroSource) != 0 || call.op->file == script::kNone
                ? raw_syscall(SYS_openat, AT_FDCWD, arg("/dev/zero"), O_RDONLY | O_CLOEXEC)
                : reopen_file(call, O_RDONLY);
}
void act_sys_read(Call& call) {
  call.take(raw_syscall(SYS_read, call.fd, arg(call.to), arg(call.op->n)));
}

int pipe_ends[2] = {-1, -1};
constexpr long kPipeBytes = 1 << 20;
std::uint64_t pipe_room = 0;

void prepare_pipe(Call& call) {
  raw_syscall(SYS_pipe2, arg(pipe_ends), O_CLOEXEC | O_NONBLOCK);
  raw_syscall(SYS_fcntl, pipe_ends[1], F_SETPIPE_SZ, kPipeBytes);
  pipe_room = static_cast<std::uint64_t>(raw_syscall(SYS_fcntl, pipe_ends[1], F_GETPIPE_SZ));
  call.fd = pipe_ends[1];
  // Both ends are used once before.
  raw_syscall(SYS_write, pipe_ends[1], arg(buffer), 1);
  raw_syscall(SYS_read, pipe_ends[0], arg(buffer), 1);
}
void prepare_sys_write(Call& call) {
  if ((call.op->flags & flag::PipeSink) != 0) return prepare_pipe(call);
  call.fd = (call.op->flags & flag::NullSink) != 0 || call.op->file == script::kNone
                ? raw_syscall(SYS_openat, AT_FDCWD, arg("/dev/null"), O_WRONLY | O_CLOEXEC)
                : reopen_file(call, O_WRONLY);
}
/// The other end reads whenever the pipe is full; the bytes go to pages that never fault.
void act_sys_write(Call& call) {
  std::uint64_t done = 0;
  while (true) {
    const long wrote = raw_syscall(SYS_write, call.fd, arg(call.to + done), arg(call.op->n - done));
    if (wrote < 0 && wrote != -EAGAIN) return call.take(done > 0 ? static_cast<long>(done) : wrote);
    const auto part = static_cast<std::uint64_t>(wrote > 0 ? wrote : 0);
    done += part;
    // Less than the pipe has room for is all that could be read.
    const bool full = (call.op->flags & flag::PipeSink) != 0 && (part == 0 || part >= pipe_room);
    if (done >= call.op->n || !full) return call.take(static_cast<long>(done));
    while (raw_syscall(SYS_read, pipe_ends[0], arg(buffer), kBufferBytes) > 0) {
    }
  }
}
void finish_sys_write(Call& call) {
  close_file(call);
  if (pipe_ends[0] >= 0) raw_syscall(SYS_close, pipe_ends[0]);
  pipe_ends[0] = pipe_ends[1] = -1;
}

void prepare_direct(Call& call) { call.fd = reopen_file(call, O_RDONLY | O_DIRECT); }

/// The peer's side of process_vm_readv is one range; ours goes through one buffer again and again.
constexpr int kVectors = 1024;
iovec own_side[kVectors];

std::int32_t peer_pid(const Call& call) {
  return shared.tasks[shared.tasks[call.op->peer].process].pid.load();
}
/// What is stored is not zero, whatever was read into the buffer before.
void fill_buffer(const Call& call) {
  __builtin_memset(buffer, script::kStoredByte,
                   call.op->n < kBufferBytes ? call.op->n : kBufferBytes);
}
void prepare_vm(Call& call) {
  fill_buffer(call);
  if (call.op->n > kVectors * kBufferBytes)
    refuse(call.index, "vm_read and vm_write take at most 256 MiB here");
}
long vm_call(const Call& call, long number) {
  std::uint64_t left = call.op->n;
  long count = 0;
  for (; left > 0; ++count) {
    own_side[count] = {buffer, left < kBufferBytes ? left : kBufferBytes};
    left -= own_side[count].iov_len;
  }
  const iovec remote{measure::at_address<void>(call.to), call.op->n};
  return raw_syscall(number, peer_pid(call), arg(own_side), count, arg(&remote), 1, 0);
}
void act_vm_read(Call& call) { call.take(vm_call(call, SYS_process_vm_readv)); }
void act_vm_write(Call& call) { call.take(vm_call(call, SYS_process_vm_writev)); }

void prepare_mem_write(Call& call) {
  fill_buffer(call);
  char path[64];
  proc_path(path, peer_pid(call), "mem");
  call.fd = raw_syscall(SYS_openat, AT_FDCWD, arg(path), O_RDWR | O_CLOEXEC);
  if (call.op->n > kBufferBytes) refuse(call.index, "mem_write takes at most 256 KiB here");
}
void act_mem_write(Call& call) {
  call.take(raw_syscall(SYS_pwrite64, call.fd, arg(buffer), arg(call.op->n), arg(call.to)));
}

void act_vfork_write(Call& call) { run_in_vfork_child(call, act_write); }

}  // namespace

unsigned char* own_buffer() noexcept { return buffer; }

VerbSteps access_verb(Verb verb) noexcept {
  switch (verb) {
    case Verb::Read:
      return {nullptr, act_read, nullptr};
    case Verb::Write:
      return {nullptr, act_write, nullptr};
    case Verb::Update:
      return {nullptr, act_update, nullptr};
    case Verb::CasFail:
      return {nullptr, act_cas_fail, nullptr};
    case Verb::Exec:
      return {nullptr, act_exec, nullptr};
    case Verb::Prefetch:
      return {nullptr, act_prefetch, nullptr};
    case Verb::Copy:
      return {nullptr, act_copy, nullptr};
    case Verb::Fill:
      return {nullptr, act_fill, nullptr};
    case Verb::SysRead:
      return {prepare_sys_read, act_sys_read, close_file};
    case Verb::SysWrite:
      return {prepare_sys_write, act_sys_write, finish_sys_write};
    case Verb::DirectRead:
      return {prepare_direct, act_sys_read, close_file};
    case Verb::VmRead:
      return {prepare_vm, act_vm_read, nullptr};
    case Verb::VmWrite:
      return {prepare_vm, act_vm_write, nullptr};
    case Verb::MemWrite:
      return {prepare_mem_write, act_mem_write, close_file};
    case Verb::VforkWrite:
      return {nullptr, act_vfork_write, nullptr};
    default:
      return {};
  }
}

}  // namespace tools::run::child
