// Reading /proc/self/status.
#include "tools/measure/proc_status.h"

#include <fcntl.h>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

bool starts_with(const char* at, const char* end, const char* name) {
  while (*name != '\0') {
    if (at == end || *at != *name) return false;
    ++at;
    ++name;
  }
  return at != end && *at == ':';
}

}  // namespace

std::int64_t status_bytes(const char* text, std::size_t size, const char* name) noexcept {
  const char* at = text;
  const char* const end = text + size;
  while (at != end && !starts_with(at, end, name)) {
    while (at != end && *at != '\n') ++at;
    if (at != end) ++at;
  }
  if (at == end) return -1;
  while (at != end && (*at < '0' || *at > '9')) ++at;
  std::int64_t value = 0;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) value = value * 10 + (*at - '0');
  return value * 1024;
}

int ProcStatus::open() noexcept {
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg("/proc/self/status"), O_RDONLY | O_CLOEXEC);
  fd_ = static_cast<int>(fd < 0 ? -1 : fd);
  return fd < 0 ? static_cast<int>(-fd) : 0;
}

void ProcStatus::close() noexcept {
  if (fd_ >= 0) raw_syscall(SYS_close, fd_);
  fd_ = -1;
}

void ProcStatus::read() noexcept {
  const long got = raw_syscall(SYS_pread64, fd_, arg(text_), sizeof text_, 0);
  size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
}

pagesim::Rss ProcStatus::rss() noexcept {
  read();
  return {status_bytes(text_, size_, "RssAnon"), status_bytes(text_, size_, "RssFile"),
          status_bytes(text_, size_, "RssShmem"), status_bytes(text_, size_, "VmSwap"),
          status_bytes(text_, size_, "VmPTE")};
}

std::int64_t ProcStatus::peak_rss() noexcept {
  read();
  return status_bytes(text_, size_, "VmHWM");
}

std::int64_t ProcStatus::resident() noexcept {
  read();
  return status_bytes(text_, size_, "VmRSS");
}

}  // namespace tools::measure
