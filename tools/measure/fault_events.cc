// Opening perf's page-fault events, and pairing the samples of one fault.
#include "tools/measure/fault_events.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

constexpr std::uint64_t kSampled =
    PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR;
/// Where they lie in a sample; the size of the raw data comes after them.
constexpr std::uint64_t kIpAt = 8;
constexpr std::uint64_t kTimeAt = 16;
constexpr std::uint64_t kAddressAt = 24;
constexpr std::uint64_t kRawDataAt = 32 + 4;

perf_event_attr attributes(std::uint32_t type, std::uint64_t config, bool raw, bool kernel) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = type;
  attr.config = config;
  attr.sample_period = 1;
  attr.sample_type = kSampled | (raw ? PERF_SAMPLE_RAW : 0);
  attr.exclude_kernel = !kernel;
  attr.exclude_hv = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  return attr;
}

long open_event(perf_event_attr& attr) {
  return raw_syscall(SYS_perf_event_open, arg(&attr), 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

}  // namespace

int FaultEvents::open_one(std::uint32_t type, std::uint64_t config, bool raw,
                          Source source) noexcept {
  perf_event_attr attr = attributes(type, config, raw, kernel_mode_);
  const long fd = open_event(attr);
  if (fd < 0) return static_cast<int>(-fd);
  const auto index = static_cast<std::size_t>(source);
  fds_[index] = static_cast<int>(fd);
  raw_syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ID, arg(&ids_[index]));
  return 0;
}

int FaultEvents::open(const FaultSources& sources) noexcept {
  address_offset_ = sources.address_offset;
  error_code_offset_ = sources.error_code_offset;
  kernel_mode_ = true;
  int refused = open_one(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, false, Source::Faults);
  if (refused == EACCES || refused == EPERM) {
    kernel_mode_ = false;
    refused = open_one(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, false, Source::Faults);
  }
  if (refused != 0) return refused;
  const long leader = fds_[static_cast<std::size_t>(Source::Faults)];
  data_size_ = sources.ring_pages * kPage;
  const long mapped =
      raw_syscall(SYS_mmap, arg(sources.ring_at), arg(data_size_ + kPage), PROT_READ | PROT_WRITE,
                  MAP_SHARED | (sources.ring_at != 0 ? MAP_FIXED_NOREPLACE : 0), leader, 0);
  if (mapped < 0) {
    close();
    return static_cast<int>(-mapped);
  }
  const auto ring = static_cast<std::uint64_t>(mapped);
  control_ = at_address<perf_event_mmap_page>(ring);
  data_ = at_address<const unsigned char>(ring + kPage);
  open_one(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, false, Source::Minor);
  open_one(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, false, Source::Major);
  open_tracepoints(sources);
  for (int i = static_cast<int>(Source::Minor); i < kSources; ++i)
    if (fds_[i] >= 0) raw_syscall(SYS_ioctl, fds_[i], PERF_EVENT_IOC_SET_OUTPUT, leader);
  return 0;
}

void FaultEvents::open_tracepoints(const FaultSources& sources) noexcept {
  if (sources.user_tracepoint == 0 || sources.kernel_tracepoint == 0 || !kernel_mode_) return;
  error_codes_ =
      open_one(PERF_TYPE_TRACEPOINT, sources.user_tracepoint, true, Source::UserTrace) == 0 &&
      open_one(PERF_TYPE_TRACEPOINT, sources.kernel_tracepoint, true, Source::KernelTrace) == 0;
}

void FaultEvents::close() noexcept {
  if (control_ != nullptr) raw_syscall(SYS_munmap, arg(control_), arg(data_size_ + kPage));
  for (int& fd : fds_) {
    if (fd >= 0) raw_syscall(SYS_close, fd);
    fd = -1;
  }
  control_ = nullptr;
}

void FaultEvents::touch() const noexcept {
  if (control_ == nullptr) return;
  for (std::uint64_t at = 0; at < data_size_; at += kPage)
    static_cast<void>(*static_cast<const volatile unsigned char*>(data_ + at));
  // The control page is written too: data_tail lies in it.
  std::atomic_ref<__u64>{control_->data_tail}.fetch_add(0);
}

bool FaultEvents::has_events() const noexcept {
  return control_ != nullptr && std::atomic_ref<__u64>{control_->data_head}.load(
                                    std::memory_order_acquire) != control_->data_tail;
}

bool FaultEvents::half_full() const noexcept {
  return control_ != nullptr &&
         std::atomic_ref<__u64>{control_->data_head}.load(std::memory_order_acquire) -
                 control_->data_tail >
             data_size_ / 2;
}

void FaultEvents::skip() noexcept {
  has_pending_ = false;
  trace_error_ = -1;
  if (!has_events()) return;
  const std::uint64_t head =
      std::atomic_ref<__u64>{control_->data_head}.load(std::memory_order_acquire);
  std::atomic_ref<__u64>{control_->data_tail}.store(head, std::memory_order_release);
}

/// A sample may wrap round the ring's end.
template <class T>
T FaultEvents::read(std::uint64_t at) const noexcept {
  unsigned char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = data_[(at + i) & (data_size_ - 1)];
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

bool FaultEvents::next(FaultEvent& event) noexcept {
  while (has_events()) {
    const std::uint64_t at = control_->data_tail;
    const auto header = read<perf_event_header>(at);
    const bool kernel = (header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
    bool complete = false;
    if (header.type == PERF_RECORD_SAMPLE)
      complete = take_sample(at + sizeof header, header.size, kernel, event);
    else if (header.type == PERF_RECORD_LOST)
      lost_ += read<std::uint64_t>(at + sizeof header + 8);
    std::atomic_ref<__u64>{control_->data_tail}.store(at + header.size, std::memory_order_release);
    if (complete) return true;
  }
  return false;
}

bool FaultEvents::take_sample(std::uint64_t at, std::uint32_t, bool kernel,
                              FaultEvent& event) noexcept {
  const auto id = read<std::uint64_t>(at);
  const auto is = [&](Source source) {
    const auto index = static_cast<std::size_t>(source);
    return fds_[index] >= 0 && ids_[index] == id;
  };
  const bool user_trace = is(Source::UserTrace);
  if (user_trace || is(Source::KernelTrace)) {
    take_trace(at + kRawDataAt, !user_trace);
    return false;
  }
  const auto address = read<std::uint64_t>(at + kAddressAt);
  if (is(Source::Faults)) {
    const bool complete = take_pending(event);
    pending_ = {address, read<std::uint64_t>(at + kIpAt), read<std::uint64_t>(at + kTimeAt),
                -1,      FaultEvent::Counted::No,         kernel};
    if (trace_address_ == address) pending_.error_code = trace_error_;
    trace_error_ = -1;
    has_pending_ = true;
    return complete;
  }
  if (has_pending_ && pending_.address == address) {
    pending_.counted = is(Source::Major) ? FaultEvent::Counted::Major : FaultEvent::Counted::Minor;
    return take_pending(event);
  }
  return false;
}

void FaultEvents::take_trace(std::uint64_t raw_at, bool) noexcept {
  trace_address_ = read<std::uint64_t>(raw_at + address_offset_);
  trace_error_ = static_cast<std::int32_t>(read<std::uint64_t>(raw_at + error_code_offset_));
}

bool FaultEvents::take_pending(FaultEvent& event) noexcept {
  if (!has_pending_) return false;
  event = pending_;
  has_pending_ = false;
  return true;
}

}  // namespace tools::measure
