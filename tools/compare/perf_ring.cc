// perf_event_open with inheritance, and a ring to empty.
#include "tools/compare/perf_ring.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "tools/measure/raw_syscall.h"

namespace tools::compare {
namespace {

using measure::kPage;
using run::OwnedFd;

constexpr std::size_t kMostRingPages = 4096;
constexpr std::size_t kFewestRingPages = 8;

[[noreturn]] void refuse() { throw std::system_error{errno, std::generic_category(), "perf"}; }

OwnedFd open_event(perf_event_attr attr, pid_t program, int processor) {
  OwnedFd fd{static_cast<int>(
      syscall(SYS_perf_event_open, &attr, program, processor, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!fd.is_open()) refuse();
  return fd;
}

}  // namespace

PerfRing::PerfRing(pid_t program, int processor, const PerfLayout& layout)
    : layout_{layout},
      major_{open_event(fault_event(PERF_COUNT_SW_PAGE_FAULTS_MAJ, layout), program, processor)} {
  open_and_map(program, processor);
  major_id_ = join(major_);
  if (layout.has_traces()) {
    open_traces(program, processor);
  } else if (layout.presence) {
    presence_ = open_event(presence_event(layout), program, processor);
    presence_id_ = join(presence_);
  }
}

void PerfRing::open_traces(pid_t program, int processor) {
  user_trace_ = open_event(trace_event(layout_.tracepoints.user), program, processor);
  kernel_trace_ = open_event(trace_event(layout_.tracepoints.kernel), program, processor);
  user_trace_id_ = join(user_trace_);
  kernel_trace_id_ = join(kernel_trace_);
}

std::uint64_t PerfRing::join(const OwnedFd& event) const {
  std::uint64_t id = 0;
  ioctl(event.get(), PERF_EVENT_IOC_ID, &id);
  if (ioctl(event.get(), PERF_EVENT_IOC_SET_OUTPUT, minor_.get()) != 0) refuse();
  return id;
}

PerfRing::~PerfRing() { munmap(control_, size_ + kPage); }

/// An ordinary user may lock only so much memory: half as much is asked for until it is given.
/// Whoever empties the ring is woken when a quarter is full.
void PerfRing::open_and_map(pid_t program, int processor) {
  perf_event_attr attr = fault_event(PERF_COUNT_SW_PAGE_FAULTS_MIN, layout_);
  for (std::size_t pages = kMostRingPages; pages >= kFewestRingPages; pages /= 2) {
    attr.wakeup_watermark = static_cast<std::uint32_t>(pages * kPage / 4);
    minor_ = open_event(attr, program, processor);
    void* const at =
        mmap(nullptr, (pages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, minor_.get(), 0);
    if (at == MAP_FAILED) continue;
    control_ = static_cast<perf_event_mmap_page*>(at);
    size_ = pages * kPage;
    return;
  }
  refuse();
}

void PerfRing::drain() {
  const std::uint64_t head =
      std::atomic_ref<__u64>{control_->data_head}.load(std::memory_order_acquire);
  const std::uint64_t tail = control_->data_tail;
  const auto* const data = reinterpret_cast<const std::byte*>(control_) + kPage;
  const std::size_t begin = tail & (size_ - 1);
  const std::size_t straight = std::min<std::size_t>(head - tail, size_ - begin);
  taken_.append(data + begin, straight);
  taken_.append(data, head - tail - straight);
  std::atomic_ref<__u64>{control_->data_tail}.store(head, std::memory_order_release);
}

std::optional<Presence> PerfRing::exception(std::uint64_t id, const std::byte* begin,
                                            const std::byte* end) const {
  if (presence_.is_open() && id == presence_id_) return read_presence(begin, end);
  if (user_trace_.is_open() && (id == user_trace_id_ || id == kernel_trace_id_)) {
    return read_trace(layout_.tracepoints, begin, end);
  }
  return std::nullopt;
}

/// Whoever asked for no presence is told of none, whatever the rights.
void PerfRing::add_exception(StreamFault& fault, const Presence& exception) const {
  fault.error_code = exception.error_code;
  if (layout_.presence && !fault.kernel_mode) fault.present = exception.present;
}

/// The exception of a fault stands before it, if its thread stayed on this processor.
std::uint64_t PerfRing::read(std::vector<StreamEvent>& events) const {
  std::uint64_t lost = 0;
  std::unordered_map<std::int32_t, Presence> last;  // of each thread
  const std::span<const std::byte> taken = taken_.all();
  for (std::size_t at = 0; at + sizeof(perf_event_header) <= taken.size();) {
    perf_event_header header{};
    std::memcpy(&header, taken.data() + at, sizeof header);
    const std::byte* const begin = taken.data() + at + sizeof header;
    const std::byte* const end = taken.data() + at + header.size;
    at += header.size;
    lost += read_lost(header, begin, end);
    if (header.type != PERF_RECORD_SAMPLE) {
      if (auto event = read_other(header, begin, end)) events.push_back(std::move(*event));
      continue;
    }
    const std::uint64_t id = sample_id(begin, end);
    if (const auto before = exception(id, begin, end)) {
      last[before->tid] = *before;
      continue;
    }
    events.push_back(read_fault(layout_, header, begin, end));
    auto& fault = std::get<StreamFault>(events.back().what);
    fault.major = id == major_id_;
    const auto found = last.find(fault.tid);
    if (found == last.end()) continue;
    if (found->second.address == fault.address) add_exception(fault, found->second);
    last.erase(found);
  }
  return lost;
}

}  // namespace tools::compare
