// Files, swap and kernel settings.
#include <cerrno>

#include <fcntl.h>
#include <sys/mman.h>

#include "tools/measure/page_map.h"
#include "tools/measure/raw_syscall.h"
#include "tools/run/child/ksm.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/reclaim.h"
#include "tools/run/child/resolve.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;
using script::Op;
using script::Verb;
namespace flag = script::flag;

constexpr unsigned char kReturn = 0xc3;  // what files are filled with can be executed
constexpr long kPunch = 0x03;            // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

long file_of(const Call& call) { return shared.files[call.op->file]; }

/// Writes `bytes` at `at`, one page at a time, so that the page cache holds single pages.
long write_pages(long fd, std::uint64_t at, std::uint64_t bytes) {
  unsigned char* const buffer = own_buffer();
  __builtin_memset(buffer, kReturn, kPage);
  for (std::uint64_t done = 0; done < bytes; done += kPage) {
    const std::uint64_t size = bytes - done < kPage ? bytes - done : kPage;
    const long wrote = raw_syscall(SYS_pwrite64, fd, arg(buffer), arg(size), arg(at + done));
    if (wrote != static_cast<long>(size)) return wrote < 0 ? wrote : -ENOSPC;
  }
  return 0;
}

/// Writes all of it with one system call, so that the kernel may take large folios.
long write_bulk(long fd, std::uint64_t bytes) {
  const long from = raw_syscall(SYS_mmap, kScratchAt, arg(bytes), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (from < 0) return from;
  __builtin_memset(measure::at_address<void>(static_cast<std::uint64_t>(from)), kReturn, bytes);
  const long wrote = raw_syscall(SYS_pwrite64, fd, from, arg(bytes), 0);
  raw_syscall(SYS_munmap, from, arg(bytes));
  return wrote == static_cast<long>(bytes) ? 0 : wrote < 0 ? wrote : -ENOSPC;
}

/// Before the measurement: making a file is no cost of the script's. One that is empty is not
/// emptied: ext4 would write all of it to the disk when it is closed for the first time.
void prepare_file(Call& call) {
  const Op& op = *call.op;
  const long fd = file_of(call);
  if (raw_syscall(SYS_lseek, fd, 0, 2 /* SEEK_END */) != 0)
    call.take(raw_syscall(SYS_ftruncate, fd, 0));
  if (call.error == 0) call.take(raw_syscall(SYS_ftruncate, fd, arg(op.n)));
  if (call.error != 0 || op.n == 0 || (op.flags & flag::Sparse) != 0) return;
  call.take((op.flags & flag::Bulk) != 0 ? write_bulk(fd, op.n) : write_pages(fd, 0, op.n));
  if (call.error == 0) call.take(raw_syscall(SYS_fsync, fd));
}

void act_nothing(Call&) {}

struct FileRange {
  std::uint64_t at;
  std::uint64_t bytes;
};
FileRange range_of(const Call& call) {
  if ((call.op->flags & flag::WholeFile) != 0) {
    const long end = raw_syscall(SYS_lseek, file_of(call), 0, 2 /* SEEK_END */);
    return {0, end > 0 ? static_cast<std::uint64_t>(end) : 0};
  }
  return {static_cast<std::uint64_t>(call.op->to.offset),
          static_cast<std::uint64_t>(call.pages) * kPage};
}

void prepare_reopened(Call& call) { call.fd = reopen_file(call, O_RDWR); }

/// One page at a time without read-ahead: only the pages asked for.
void act_cache(Call& call) {
  raw_syscall(SYS_fadvise64, call.fd, 0, 0, POSIX_FADV_RANDOM);
  const FileRange range = range_of(call);
  const std::uint64_t stride = kPage * (call.op->step > 1 ? call.op->step : 1);
  for (std::uint64_t at = 0; at < range.bytes && call.error == 0; at += stride)
    call.take(raw_syscall(SYS_pread64, call.fd, arg(own_buffer()), kPage, arg(range.at + at)));
  if (call.error == 0) call.returned = 0;
}

void act_evict(Call& call) {
  const FileRange range = range_of(call);
  call.take(raw_syscall(SYS_fsync, file_of(call)));
  if (call.error == 0)
    call.take(raw_syscall(SYS_fadvise64, file_of(call), arg(range.at), arg(range.bytes),
                          POSIX_FADV_DONTNEED));
}

void act_truncate(Call& call) {
  call.take(raw_syscall(SYS_ftruncate, file_of(call), arg(call.op->n)));
}
void act_punch(Call& call) {
  const FileRange range = range_of(call);
  call.take(raw_syscall(SYS_fallocate, file_of(call), kPunch, arg(range.at), arg(range.bytes)));
}
void act_fsync(Call& call) { call.take(raw_syscall(SYS_fsync, file_of(call))); }
void act_sync(Call& call) { call.take(raw_syscall(SYS_sync)); }
void act_rewrite(Call& call) { call.take(write_pages(file_of(call), call.op->n * kPage, kPage)); }

void prepare_swapout(Call& call) {
  if (shared.header->has_swap == 0)
    refuse(call.index, "swapout needs swap space, and this machine has none (see swapon)");
}
void act_swapout(Call& call) {
  call.take(raw_syscall(SYS_madvise, arg(call.to), arg(call.length), kPageout));
}
/// A page the kernel left in memory would make every later count wrong: that is refused.
void finish_swapout(Call& call) {
  measure::rest(kSwapRestNs);
  for (std::uint64_t at = call.to; at < call.to + call.length; at += kPage) {
    const measure::PageEntry entry{call.task->pagemap.at(at / kPage)};
    if (entry.present() && !entry.file() && entry.frame() != shared.header->zero_frame)
      refuse(call.index, "the kernel kept some of the pages in memory: is the swap space full?");
  }
  drop_swap_cache(call);
}

constexpr const char* kSettingWords[] = {"never", "madvise", "always", "inherit"};

void act_sysctl(Call& call) {
  const Setting& setting = shared.settings[call.op->file];
  char value[24];
  decimal(value, call.op->n);
  const char* const text = setting.is_word != 0 ? kSettingWords[call.op->n] : value;
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg(setting.path), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return call.take(fd);
  call.take(raw_syscall(SYS_write, fd, arg(text), arg(__builtin_strlen(text))));
  if (call.error == 0) call.returned = 0;
  raw_syscall(SYS_close, fd);
}
void finish_sysctl(Call& call) {
  if (call.error != 0) refuse(call.index, "the kernel refused the setting: root is needed");
}

}  // namespace

long reopen_file(const Call& call, int flags) noexcept {
  char path[64];
  proc_path(path, static_cast<std::int32_t>(raw_syscall(SYS_getpid)), "fd/");
  decimal(path + __builtin_strlen(path), static_cast<std::uint64_t>(file_of(call)));
  return raw_syscall(SYS_openat, AT_FDCWD, arg(path), flags | O_CLOEXEC);
}

void close_file(Call& call) noexcept {
  if (call.fd >= 0) raw_syscall(SYS_close, call.fd);
  call.fd = -1;
}

VerbSteps file_verb(Verb verb) noexcept {
  switch (verb) {
    case Verb::File:
      return {prepare_file, act_nothing, nullptr};
    case Verb::Cache:
      return {prepare_reopened, act_cache, close_file};
    case Verb::Evict:
      return {nullptr, act_evict, nullptr};
    case Verb::Truncate:
      return {nullptr, act_truncate, nullptr};
    case Verb::Punch:
      return {nullptr, act_punch, nullptr};
    case Verb::Fsync:
      return {nullptr, act_fsync, nullptr};
    case Verb::Sync:
      return {nullptr, act_sync, nullptr};
    case Verb::Rewrite:
      return {nullptr, act_rewrite, nullptr};
    case Verb::Swapout:
      return {prepare_swapout, act_swapout, finish_swapout};
    case Verb::Sysctl:
      return {nullptr, act_sysctl, finish_sysctl};
    case Verb::KsmScan:
      return {nullptr, act_nothing, scan_ksm};
    default:
      return {};
  }
}

}  // namespace tools::run::child
