// Forced reclaim of the run's memory cgroup, and bringing back what it took besides.
#include "tools/run/child/reclaim.h"

#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/touch.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::PageEntry;
using measure::raw_syscall;

constexpr int kRounds = 100;
constexpr std::int64_t kWriteRestNs = 10'000'000;  // a disk takes its time to write
constexpr std::uint64_t kEntries = 512;
constexpr int kMaxSwapped = 2048;
constexpr const char* kReclaimUnified = "1073741824";

struct Pages {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};
/// Pages in swap because the script wanted them there, ascending.
Pages swapped[kMaxSwapped];
int swapped_count = 0;

long write_group(const char* file, const char* text) {
  char path[sizeof Header::memory_group + 32];
  std::strcpy(path, shared.header->memory_group);
  std::strcat(path, file);
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg(path), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const long wrote = raw_syscall(SYS_write, fd, arg(text), arg(std::strlen(text)));
  raw_syscall(SYS_close, fd);
  return wrote;
}

void reclaim_group() {
  if (shared.header->memory_group_unified != 0)
    write_group("/memory.reclaim", kReclaimUnified);
  else
    write_group("/memory.force_empty", "0");
}

/// mincore tells of a swapped page whether the swap cache has it.
bool is_swap_cached(const Call& call, std::uint64_t at) {
  if (PageEntry{call.task->pagemap.at(at / kPage)}.present()) return false;
  unsigned char cached = 0;
  return raw_syscall(SYS_mincore, arg(at), kPage, arg(&cached)) == 0 && (cached & 1) != 0;
}

bool any_swap_cached(const Call& call) {
  const std::uint64_t begin = call.to & ~(kPage - 1);
  for (std::uint64_t at = begin; at < call.to + call.length; at += kPage)
    if (is_swap_cached(call, at)) return true;
  return false;
}

std::uint64_t hex(const char*& at) {
  std::uint64_t number = 0;
  for (;; ++at) {
    if (*at >= '0' && *at <= '9')
      number = number * 16 + static_cast<std::uint64_t>(*at - '0');
    else if (*at >= 'a' && *at <= 'f')
      number = number * 16 + static_cast<std::uint64_t>(*at - 'a' + 10);
    else
      return number;
  }
}

/// Calls visit(begin, end) for each area of the process.
template <class Visit>
void for_each_area(Visit visit) {
  static char text[256 * 1024];
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  for (long got = 1; got > 0 && size < sizeof text - 1; size += static_cast<std::size_t>(got)) {
    got = raw_syscall(SYS_read, fd, arg(text + size), arg(sizeof text - 1 - size));
    if (got < 0) break;
  }
  raw_syscall(SYS_close, fd);
  text[size] = '\0';
  for (const char* line = text; *line != '\0'; ++line) {
    const std::uint64_t begin = hex(line);
    ++line;  // the dash
    const std::uint64_t end = hex(line);
    visit(begin, end);
    while (*line != '\n' && line[1] != '\0') ++line;
  }
}

/// Calls visit(page number, entry) for each page of the process, area by area.
template <class Visit>
void for_each_page(const Task& task, Visit visit) {
  static std::uint64_t entries[kEntries];
  for_each_area([&](std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t page = begin / kPage; page < end / kPage;) {
      const std::uint64_t rest = end / kPage - page;
      const std::uint64_t count =
          task.pagemap.read(page, entries, rest < kEntries ? rest : kEntries);
      if (count == 0) break;
      for (std::uint64_t i = 0; i < count; ++i) visit(page + i, PageEntry{entries[i]});
      page += count;
    }
  });
}

/// Remembers which pages are in swap; false: in too many pieces.
bool note_swapped(const Task& task) {
  swapped_count = 0;
  bool fits = true;
  for_each_page(task, [&](std::uint64_t page, PageEntry entry) {
    if (!entry.swapped()) return;
    if (swapped_count > 0 && swapped[swapped_count - 1].end == page) {
      ++swapped[swapped_count - 1].end;
    } else if (swapped_count < kMaxSwapped) {
      swapped[swapped_count++] = {page, page + 1};
    } else {
      fits = false;
    }
  });
  return fits;
}

/// Reads each page that went to swap since; their owner alone has them, so they become writable as
/// they were.
void bring_back(const Task& task) {
  int next = 0;
  for_each_page(task, [&](std::uint64_t page, PageEntry entry) {
    while (next < swapped_count && swapped[next].end <= page) ++next;
    const bool wanted_out = next < swapped_count && swapped[next].first <= page;
    if (entry.swapped() && !wanted_out)
      static_cast<void>(*measure::at_address<const volatile char>(page * kPage));
  });
}

/// The kernel sizes its reads of swapped pages by how the last ones fared, whoever made them. Pages
/// far apart, read one by one, take that back to a page at a time.
class LonePages {
 public:
  LonePages() noexcept
      : at_{raw_syscall(SYS_mmap, kScratchAt, arg(kBytes), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)} {
    if (at_ < 0) return;
    std::memset(measure::at_address<void>(begin()), 0xa5, kBytes);
    raw_syscall(SYS_madvise, at_, arg(kBytes), kPageout);
  }
  LonePages(const LonePages&) = delete;
  LonePages& operator=(const LonePages&) = delete;
  ~LonePages() { raw_syscall(SYS_munmap, at_, arg(kBytes)); }

  void read() const noexcept {
    for (std::uint64_t at = kApart / 2; at_ >= 0 && at < kBytes; at += kApart)
      static_cast<void>(*measure::at_address<const volatile char>(begin() + at));
  }

 private:
  static constexpr std::uint64_t kApart = 64 * kPage;
  static constexpr std::uint64_t kBytes = 8 * kApart;
  [[nodiscard]] std::uint64_t begin() const noexcept { return static_cast<std::uint64_t>(at_); }

  long at_;
};

bool has_company() {
  std::uint32_t running = 0;
  for (std::uint32_t i = 0; i < shared.header->task_count; ++i)
    running += shared.tasks[i].state.load() == TaskState::Running ? 1u : 0u;
  return running > 1;
}

}  // namespace

void join_memory_group() noexcept {
  if (shared.header->memory_group[0] == '\0') return;
  if (write_group("/cgroup.procs", "0") < 0) shared.header->memory_group[0] = '\0';
}

void lock_own_pages() noexcept {
  const Span data = allocator_globals();
  for_each_area([&](std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t before = data.begin < end && data.end > begin ? data.begin : end;
    if (begin < before) raw_syscall(SYS_mlock, arg(begin), arg(before - begin));
    if (before < end && data.end < end) raw_syscall(SYS_mlock, arg(data.end), arg(end - data.end));
  });
}

void drop_swap_cache(const Call& call) noexcept {
  Task& task = *call.task;
  if (!any_swap_cached(call)) return;
  if (shared.header->memory_group[0] == '\0')
    refuse(call.index,
           "the pages stay in the kernel's swap cache, and pressing them out of it needs a memory "
           "cgroup of the run's own (root, and a cgroup file system that can be written)");
  if (has_company())
    refuse(call.index,
           "pressing pages out of the swap cache would swap out other processes of the script too");
  const LonePages lone;
  if (!note_swapped(task)) refuse(call.index, "the process's swapped pages are too scattered");
  const std::int64_t file_pages = task.status.rss().file;
  for (int round = 0; round < kRounds && any_swap_cached(call); ++round) {
    reclaim_group();
    measure::rest(kWriteRestNs);
  }
  if (any_swap_cached(call)) refuse(call.index, "the kernel kept pages in its swap cache");
  rusage scratch;
  const measure::FaultCount before = measure::thread_faults(scratch);
  bring_back(task);
  touch_all(task);
  lone.read();
  const measure::FaultCount after = measure::thread_faults(scratch);
  task.own.minor += after.minor - before.minor;
  task.own.major += after.major - before.major;
  if (task.status.rss().file < file_pages)
    refuse(call.index, "memory pressure also took file pages that the script had mapped");
}

}  // namespace tools::run::child
