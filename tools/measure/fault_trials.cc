// Making faults happen, and timing them.
#include "tools/measure/fault_trials.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "tools/measure/raw_syscall.h"
#include "tools/measure/warm_frames.h"

namespace tools::measure {
namespace {

constexpr std::size_t kPages = 512;
constexpr std::size_t kBytes = kPages * kPage;
constexpr std::size_t kHugeBytes = std::size_t{2} << 20;
constexpr std::size_t kHugePages = 4;
constexpr std::size_t kAround = 16;
constexpr std::size_t kMajors = 16;
constexpr std::size_t kGuardGap = 256;
constexpr std::uint64_t kOwn = 2;  ///< faults of this function's own pages, after a fork

/// A mapping that ends with its scope.
class Mapping {
 public:
  explicit Mapping(std::size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1,
                   void* at = nullptr)
      : bytes_{bytes}, at_{mmap(at, bytes, PROT_READ | PROT_WRITE, flags, fd, 0)} {
    // Small pages, whatever the settings of huge ones.
    if (ok()) static_cast<void>(advise(MADV_NOHUGEPAGE));
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (ok()) munmap(at_, bytes_);
  }
  [[nodiscard]] bool ok() const { return at_ != MAP_FAILED; }
  [[nodiscard]] volatile char* data() const { return static_cast<volatile char*>(at_); }
  /// The first multiple of `unit` in it.
  [[nodiscard]] volatile char* aligned(std::size_t unit) const {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(at_) % unit;
    return data() + (past == 0 ? 0 : unit - past);
  }
  [[nodiscard]] int advise(int advice) const { return madvise(at_, bytes_, advice); }

 private:
  std::size_t bytes_;
  void* at_;
};

struct Walk {
  volatile char* at;
  std::ptrdiff_t step;
  std::size_t count;
  bool write;
};

void touch(const Walk& walk) {
  for (std::size_t i = 0; i < walk.count; ++i) {
    volatile char* const byte = walk.at + static_cast<std::ptrdiff_t>(i) * walk.step;
    if (walk.write)
      *byte = 1;
    else
      static_cast<void>(*byte);
  }
}
void write_pages(volatile char* at, std::size_t count) { touch({at, kPage, count, true}); }
void read_pages(volatile char* at, std::size_t count) { touch({at, kPage, count, false}); }

/// The processor's time, which others on this machine do not lengthen, and that of the clock on the
/// wall, which goes on while a disk reads.
struct Spent {
  double cpu = 0;
  double wall = 0;
};
Spent time_of(const Walk& walk) {
  const std::uint64_t wall = monotonic_ns();
  const std::uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  touch(walk);
  const auto cpu_ns = static_cast<double>(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
  return {cpu_ns, static_cast<double>(monotonic_ns() - wall)};
}

/// Touching less touching again, a fault, on both clocks. Nothing unless as many faults were
/// counted as pages were touched. A walk of no pages comes first: after a fork this function's own
/// pages are shared too.
std::optional<Spent> faults_of(const Walk& walk, bool major = false) {
  static rusage scratch;
  static_cast<void>(time_of({walk.at, walk.step, 0, walk.write}));
  FaultCount before = thread_faults(scratch);
  before = thread_faults(scratch);
  const Spent cold = time_of(walk);
  const FaultCount after = thread_faults(scratch);
  const Spent warm = time_of(walk);
  const std::uint64_t faults = major ? after.major - before.major : after.minor - before.minor;
  if (faults < walk.count || faults > walk.count + kOwn) return std::nullopt;
  const auto count = static_cast<double>(walk.count);
  return Spent{(cold.cpu - warm.cpu) / count, (cold.wall - warm.wall) / count};
}

std::optional<TrialTimes> minor_faults(const Walk& walk) {
  const auto spent = faults_of(walk);
  if (!spent) return std::nullopt;
  return TrialTimes{spent->cpu};
}

std::optional<TrialTimes> touch_fresh(int flags, bool write) {
  const Mapping area{kBytes, flags};
  if (!area.ok()) return std::nullopt;
  return minor_faults({area.data(), kPage, kPages, write});
}

/// Stores to pages that were shared with a child: while it lives, or once it is gone.
std::optional<TrialTimes> write_after_fork(bool child_lives) {
  const Mapping area{kBytes};
  int gate[2];
  if (!area.ok() || pipe2(gate, O_CLOEXEC) != 0) return std::nullopt;
  write_pages(area.data(), kPages);
  const long child = raw_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    char byte = 0;
    raw_syscall(SYS_close, gate[1]);
    raw_syscall(SYS_read, gate[0], arg(&byte), 1);
    raw_syscall(SYS_exit_group, 0);
  }
  close(gate[0]);
  if (child < 0) return close(gate[1]), std::nullopt;
  std::optional<TrialTimes> spent;
  if (child_lives) spent = minor_faults({area.data(), kPage, kPages, true});
  close(gate[1]);
  waitpid(static_cast<pid_t>(child), nullptr, 0);
  return child_lives ? spent : minor_faults({area.data(), kPage, kPages, true});
}

std::optional<TrialTimes> huge_faults(bool write) {
  const Mapping area{(kHugePages + 1) * kHugeBytes};
  if (!area.ok() || area.advise(MADV_HUGEPAGE) != 0) return std::nullopt;
  return minor_faults({area.aligned(kHugeBytes), kHugeBytes, kHugePages, write});
}

}  // namespace

std::optional<TrialTimes> in_fresh_process(const Trial& trial) {
  struct Answer {
    bool given = false;
    TrialTimes times{};
  };
  const Mapping shared{kPage, MAP_SHARED | MAP_ANONYMOUS};
  if (!shared.ok()) return std::nullopt;
  auto* const answer = new (const_cast<char*>(shared.data())) Answer;
  const pid_t process = fork();
  if (process == 0) {
    take_warm_frames();
    if (const auto times = trial()) *answer = {true, *times};
    _exit(0);
  }
  if (process < 0) return std::nullopt;
  waitpid(process, nullptr, 0);
  if (!answer->given) return std::nullopt;
  return answer->times;
}

std::optional<TrialTimes> first_touch() { return touch_fresh(MAP_PRIVATE | MAP_ANONYMOUS, true); }
std::optional<TrialTimes> zero_read() { return touch_fresh(MAP_PRIVATE | MAP_ANONYMOUS, false); }
std::optional<TrialTimes> shmem_new() { return touch_fresh(MAP_SHARED | MAP_ANONYMOUS, true); }
std::optional<TrialTimes> cow_copy() { return write_after_fork(true); }
std::optional<TrialTimes> cow_reuse() { return write_after_fork(false); }
std::optional<TrialTimes> huge() { return huge_faults(true); }
std::optional<TrialTimes> huge_zero_read() { return huge_faults(false); }

std::optional<TrialTimes> zero_upgrade() {
  const Mapping area{kBytes};
  if (!area.ok()) return std::nullopt;
  read_pages(area.data(), kPages);
  return minor_faults({area.data(), kPage, kPages, true});
}

/// A stack of one page, with room to grow below it, and the gap that must stay free.
std::optional<TrialTimes> stack_growth() {
  constexpr std::size_t kRoom = kPages + kGuardGap;
  void* const room =
      mmap(nullptr, (kRoom + 1) * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) return std::nullopt;
  munmap(room, (kRoom + 1) * kPage);
  volatile char* const top = static_cast<volatile char*>(room) + kRoom * kPage;
  const Mapping stack{kPage, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE, -1,
                      const_cast<char*>(top)};
  if (!stack.ok()) return std::nullopt;
  *top = 1;
  const auto times = minor_faults({top - kPage, -static_cast<std::ptrdiff_t>(kPage), kPages, true});
  munmap(const_cast<char*>(top) - kBytes, kBytes);
  return times;
}

/// Dropping the entries of shared memory leaves its pages in the page cache.
std::optional<TrialTimes> shared_write() {
  const Mapping area{kBytes, MAP_SHARED | MAP_ANONYMOUS};
  if (!area.ok()) return std::nullopt;
  write_pages(area.data(), kPages);
  if (area.advise(MADV_DONTNEED) != 0) return std::nullopt;
  return minor_faults({area.data(), kPage, kPages, true});
}

std::optional<TrialTimes> recycled() {
  TrialTimes times{};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Mapping area{kRecycledPages.at(i) * kPage};
    if (!area.ok()) return std::nullopt;
    for (int time = 0; time < 3; ++time) {
      write_pages(area.data(), kRecycledPages.at(i));
      static_cast<void>(area.advise(MADV_DONTNEED));
    }
    const auto spent = minor_faults({area.data(), kPage, kRecycledPages.at(i), true});
    if (!spent) return std::nullopt;
    times.at(i) = spent->front();
  }
  return times;
}

std::optional<TrialTimes> populate() {
  constexpr int kPopulateRead = 22;
  const Mapping area{kBytes};
  TrialTimes times{};
  for (const std::size_t i : {0, 1}) {
    const std::uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (!area.ok() || area.advise(kPopulateRead) != 0) return std::nullopt;
    const std::uint64_t spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    times[i] = static_cast<double>(spent) / kPages;
  }
  return times;
}

TrialFile::TrialFile(const std::string& folder) {
  std::string path = folder + "/faultline-XXXXXX";
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return;
  unlink(path.c_str());
  const std::vector<char> page(kPage, 'x');
  for (std::size_t i = 0; i < kPages; ++i) {
    if (write(fd_, page.data(), kPage) != static_cast<ssize_t>(kPage)) return;
  }
  whole_ = fsync(fd_) == 0;
}

TrialFile::~TrialFile() {
  if (fd_ >= 0) close(fd_);
}

/// One touch a window: the windows are aligned on the address.
std::optional<TrialTimes> TrialFile::fault_around() const {
  const Mapping area{kBytes, MAP_PRIVATE, fd_};
  if (!whole_ || !area.ok()) return std::nullopt;
  constexpr std::size_t kWindow = kAround * kPage;
  return minor_faults({area.aligned(kWindow), kWindow, kPages / kAround - 1, false});
}

std::optional<TrialTimes> TrialFile::file_cow() const {
  const Mapping area{kBytes, MAP_PRIVATE, fd_};
  if (!whole_ || !area.ok()) return std::nullopt;
  return minor_faults({area.data(), kPage, kPages, true});
}

/// The pages are clean: the file system hears of each first store.
std::optional<TrialTimes> TrialFile::mkwrite() const {
  const Mapping area{kBytes, MAP_SHARED, fd_};
  if (!whole_ || !area.ok() || fsync(fd_) != 0) return std::nullopt;
  read_pages(area.data(), kPages);
  const auto times = minor_faults({area.data(), kPage, kPages, true});
  static_cast<void>(fsync(fd_));
  return times;
}

std::optional<TrialTimes> TrialFile::major() const {
  if (!whole_ || posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED) != 0) return std::nullopt;
  const Mapping area{kBytes, MAP_PRIVATE, fd_};
  if (!area.ok() || area.advise(MADV_RANDOM) != 0) return std::nullopt;
  const auto spent = faults_of({area.data(), kBytes / kMajors, kMajors, false}, true);
  read_pages(area.data(), kPages);  // for the trials that want them cached
  if (!spent) return std::nullopt;
  return TrialTimes{spent->wall, spent->wall - spent->cpu};
}

}  // namespace tools::measure
