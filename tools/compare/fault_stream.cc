// perf_event_open with inheritance: one ring a processor.
#include "tools/compare/fault_stream.h"

#include <asm/perf_regs.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

using run::OwnedFd;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostRingPages = 4096;
constexpr std::size_t kFewestRingPages = 8;
constexpr std::uint32_t kWakeAt = 64 << 10;  // bytes in a ring
constexpr std::uint64_t kSampled = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID |
                                   PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_REGS_USER |
                                   PERF_SAMPLE_STACK_USER;

/// The minor faults' event tells of maps, forks and execs too.
perf_event_attr attributes(std::uint64_t config, bool kernel) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = config;
  attr.sample_period = 1;
  attr.sample_type = kSampled;
  attr.sample_regs_user = std::uint64_t{1} << PERF_REG_X86_SP;
  attr.sample_stack_user = kStackWords * sizeof(std::uint64_t);
  attr.exclude_kernel = !kernel;
  attr.exclude_hv = 1;
  attr.disabled = 1;
  attr.enable_on_exec = 1;
  attr.inherit = 1;
  attr.sample_id_all = 1;
  attr.watermark = 1;
  attr.wakeup_watermark = kWakeAt;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  if (config == PERF_COUNT_SW_PAGE_FAULTS_MIN) {
    attr.mmap = attr.mmap_data = attr.mmap2 = attr.comm = attr.comm_exec = attr.task = 1;
  }
  return attr;
}

OwnedFd open_event(perf_event_attr attr, pid_t program, int processor) {
  return OwnedFd{static_cast<int>(
      syscall(SYS_perf_event_open, &attr, program, processor, -1, PERF_FLAG_FD_CLOEXEC))};
}

[[noreturn]] void refuse() { throw std::system_error{errno, std::generic_category(), "perf"}; }

/// Takes values off a record, front to back.
class Reader {
 public:
  Reader(const std::byte* at, const std::byte* end) : at_{at}, end_{end} {}

  template <class T>
  T take() {
    T value{};
    if (at_ + sizeof value <= end_) std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  void skip(std::size_t bytes) { at_ += bytes; }
  std::string text() const {
    const auto* const begin = reinterpret_cast<const char*>(at_);
    return at_ < end_ ? std::string{begin, strnlen(begin, static_cast<std::size_t>(end_ - at_))}
                      : std::string{};
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
};

StreamFault read_fault(Reader reader, bool kernel_mode) {
  StreamFault fault;
  fault.kernel_mode = kernel_mode;
  fault.instruction_pointer = reader.take<std::uint64_t>();
  fault.pid = reader.take<std::int32_t>();
  fault.tid = reader.take<std::int32_t>();
  reader.skip(sizeof(std::uint64_t));  // time
  fault.address = reader.take<std::uint64_t>();
  if (reader.take<std::uint64_t>() != PERF_SAMPLE_REGS_ABI_NONE) {
    fault.stack_pointer = reader.take<std::uint64_t>();
  }
  if (const auto room = reader.take<std::uint64_t>(); room != 0) {
    for (std::uint64_t& word : fault.stack) word = reader.take<std::uint64_t>();
    fault.stack_words = static_cast<std::uint8_t>(
        std::min<std::uint64_t>(reader.take<std::uint64_t>() / sizeof(std::uint64_t), kStackWords));
  }
  return fault;
}

StreamMap read_map(Reader reader) {
  StreamMap map;
  map.pid = reader.take<std::int32_t>();
  reader.skip(sizeof(std::int32_t));
  map.start = reader.take<std::uint64_t>();
  map.length = reader.take<std::uint64_t>();
  map.offset = reader.take<std::uint64_t>();
  reader.skip(24);  // the file's device and number
  map.protection = reader.take<std::uint32_t>();
  reader.skip(sizeof(std::uint32_t));
  map.file = reader.text();
  return map;
}

/// Records other than samples end with: pid, tid, time, identifier.
std::uint64_t time_at_end(const std::byte* end) {
  Reader reader{end - 16, end};
  return reader.take<std::uint64_t>();
}

}  // namespace

/// One processor's buffer, and what has been taken from it.
class FaultStream::Ring {
 public:
  Ring(pid_t program, int processor, bool kernel) {
    minor_ = open_event(attributes(PERF_COUNT_SW_PAGE_FAULTS_MIN, kernel), program, processor);
    if (!minor_.is_open()) refuse();
    major_ = open_event(attributes(PERF_COUNT_SW_PAGE_FAULTS_MAJ, kernel), program, processor);
    if (!major_.is_open()) refuse();
    ioctl(major_.get(), PERF_EVENT_IOC_ID, &major_id_);
    map();
    if (ioctl(major_.get(), PERF_EVENT_IOC_SET_OUTPUT, minor_.get()) != 0) refuse();
  }
  ~Ring() { munmap(control_, size_ + kPage); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  [[nodiscard]] int fd() const noexcept { return minor_.get(); }

  void drain() {
    const std::uint64_t head =
        std::atomic_ref<__u64>{control_->data_head}.load(std::memory_order_acquire);
    const std::uint64_t tail = control_->data_tail;
    const auto* const data = reinterpret_cast<const std::byte*>(control_) + kPage;
    const std::size_t begin = tail & (size_ - 1);
    const std::size_t straight = std::min<std::size_t>(head - tail, size_ - begin);
    taken_.insert(taken_.end(), data + begin, data + begin + straight);
    taken_.insert(taken_.end(), data, data + (head - tail - straight));
    std::atomic_ref<__u64>{control_->data_tail}.store(head, std::memory_order_release);
  }

  /// Appends what was taken; returns how many samples were lost.
  std::uint64_t read(std::vector<StreamEvent>& events) const {
    std::uint64_t lost = 0;
    for (std::size_t at = 0; at + sizeof(perf_event_header) <= taken_.size();) {
      perf_event_header header{};
      std::memcpy(&header, taken_.data() + at, sizeof header);
      const std::byte* const begin = taken_.data() + at + sizeof header;
      lost += read_record(header, begin, taken_.data() + at + header.size, events);
      at += header.size;
    }
    return lost;
  }

 private:
  /// An ordinary user may lock only so much memory: half as much is asked for until it is given.
  void map() {
    for (std::size_t pages = kMostRingPages; pages >= kFewestRingPages; pages /= 2) {
      void* const at =
          mmap(nullptr, (pages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, minor_.get(), 0);
      if (at == MAP_FAILED) continue;
      control_ = static_cast<perf_event_mmap_page*>(at);
      size_ = pages * kPage;
      return;
    }
    refuse();
  }

  std::uint64_t read_record(const perf_event_header& header, const std::byte* begin,
                            const std::byte* end, std::vector<StreamEvent>& events) const {
    Reader reader{begin, end};
    switch (header.type) {
      case PERF_RECORD_SAMPLE: {
        const bool major = reader.take<std::uint64_t>() == major_id_;
        const auto mode = header.misc & PERF_RECORD_MISC_CPUMODE_MASK;
        StreamFault fault = read_fault(reader, mode == PERF_RECORD_MISC_KERNEL);
        fault.major = major;
        reader.skip(16);
        events.push_back({reader.take<std::uint64_t>(), fault});
        return 0;
      }
      case PERF_RECORD_MMAP2:
        events.push_back({time_at_end(end), read_map(reader)});
        return 0;
      case PERF_RECORD_FORK: {
        StreamFork fork;
        fork.pid = reader.take<std::int32_t>();
        fork.parent = reader.take<std::int32_t>();
        events.push_back({time_at_end(end), fork});
        return 0;
      }
      case PERF_RECORD_COMM:
        if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0) {
          events.push_back({time_at_end(end), StreamExec{reader.take<std::int32_t>()}});
        }
        return 0;
      case PERF_RECORD_LOST:
        reader.skip(sizeof(std::uint64_t));
        return reader.take<std::uint64_t>();
      default:
        return 0;
    }
  }

  OwnedFd minor_, major_;
  std::uint64_t major_id_ = 0;
  perf_event_mmap_page* control_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::byte> taken_;
};

FaultStream::FaultStream(pid_t program) {
  const auto processors = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
  for (int i = 0; i < processors; ++i) open(program, i);
  if (rings_.empty()) refuse();
  drainer_ = std::thread{[this] { drain_until_stopped(); }};
}

FaultStream::~FaultStream() { stop(); }

/// A processor that is off has no ring. Faults in kernel mode are left out where they are refused.
void FaultStream::open(pid_t program, int processor) {
  try {
    rings_.push_back(std::make_unique<Ring>(program, processor, kernel_mode_));
  } catch (const std::system_error& refused) {
    const int error = refused.code().value();
    if (error == ENODEV) return;
    if (!kernel_mode_ || (error != EACCES && error != EPERM)) throw;
    kernel_mode_ = false;
    open(program, processor);
  }
}

void FaultStream::drain_until_stopped() {
  std::vector<pollfd> rings;
  rings.reserve(rings_.size());
  for (const auto& ring : rings_) rings.push_back({ring->fd(), POLLIN, 0});
  while (!stopped_) {
    constexpr int kMilliseconds = 20;
    const int ready = poll(rings.data(), rings.size(), kMilliseconds);
    for (const auto& ring : rings_) ring->drain();
    // Once every process has ended, poll() returns at once.
    const bool ended = std::any_of(rings.begin(), rings.end(),
                                   [](const pollfd& fd) { return (fd.revents & POLLHUP) != 0; });
    if (ready > 0 && ended) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void FaultStream::stop() {
  stopped_ = true;
  if (drainer_.joinable()) drainer_.join();
}

std::vector<StreamEvent> FaultStream::take() {
  stop();
  std::vector<StreamEvent> events;
  for (const auto& ring : rings_) {
    ring->drain();
    lost_ += ring->read(events);
  }
  rings_.clear();
  std::stable_sort(events.begin(), events.end(),
                   [](const StreamEvent& a, const StreamEvent& b) { return a.time < b.time; });
  return events;
}

}  // namespace tools::compare
