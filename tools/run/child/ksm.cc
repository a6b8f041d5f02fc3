// Driving ksmd by its files.
#include "tools/run/child/ksm.h"

#include <cstring>

#include <fcntl.h>

#include "tools/measure/raw_syscall.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;

/// A page is taken for calm at the first look, for alike at the second; the scan that runs already
/// when ksmd is let go counts as none.
constexpr std::uint64_t kScans = 4;
constexpr std::int64_t kRestNs = 5'000'000;
constexpr int kPatience = 12'000;  // rests, before ksmd is given up: a minute

long open_file(const char* name, int flags) {
  char path[64] = "/sys/kernel/mm/ksm/";
  std::strcat(path, name);
  return raw_syscall(SYS_openat, AT_FDCWD, arg(path), flags | O_CLOEXEC);
}

bool set(const char* name, const char* value) {
  const long fd = open_file(name, O_WRONLY);
  if (fd < 0) return false;
  const long wrote = raw_syscall(SYS_write, fd, arg(value), arg(std::strlen(value)));
  raw_syscall(SYS_close, fd);
  return wrote > 0;
}

std::uint64_t full_scans() {
  char text[24] = {};
  const long fd = open_file("full_scans", O_RDONLY);
  if (fd < 0) return 0;
  raw_syscall(SYS_read, fd, arg(text), sizeof text - 1);
  raw_syscall(SYS_close, fd);
  std::uint64_t number = 0;
  for (const char* at = text; *at >= '0' && *at <= '9'; ++at)
    number = number * 10 + static_cast<std::uint64_t>(*at - '0');
  return number;
}

}  // namespace

void scan_ksm(Call& call) noexcept {
  set("smart_scan", "0");  // kernels before 6.7 have none
  if (!set("pages_to_scan", "10000") || !set("sleep_millisecs", "2") || !set("run", "1"))
    refuse(call.index, "the kernel refused to merge pages: root is needed");
  const std::uint64_t wanted = full_scans() + kScans;
  for (int i = 0; full_scans() < wanted; ++i) {
    if (i == kPatience) refuse(call.index, "ksmd did not look at all memory within a minute");
    measure::rest(kRestNs);
  }
  set("run", "0");
}

}  // namespace tools::run::child
