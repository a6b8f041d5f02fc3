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

namespace tools::compare {
namespace {

using run::OwnedFd;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMostRingPages = 4096;
constexpr std::size_t kFewestRingPages = 8;

[[noreturn]] void refuse() { throw std::system_error{errno, std::generic_category(), "perf"}; }

OwnedFd open_event(perf_event_attr attr, pid_t program, int processor) {
  OwnedFd fd{static_cast<int>(
      syscall(SYS_perf_event_open, &attr, program, processor, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!fd.is_open()) refuse();
  return fd;
}

std::uint64_t count(const OwnedFd& counter) {
  std::uint64_t value = 0;
  return ::read(counter.get(), &value, sizeof value) == sizeof value ? value : 0;
}

}  // namespace

PerfRing::PerfRing(pid_t program, int processor, const PerfLayout& layout)
    : layout_{layout},
      faults_{open_event(fault_event(layout), program, processor)},
      major_{open_event(major_event(layout), program, processor)},
      minor_count_{open_event(counter(PERF_COUNT_SW_PAGE_FAULTS_MIN), program, processor)},
      major_count_{open_event(counter(PERF_COUNT_SW_PAGE_FAULTS_MAJ), program, processor)} {
  ioctl(major_.get(), PERF_EVENT_IOC_ID, &major_id_);
  map();
  if (ioctl(major_.get(), PERF_EVENT_IOC_SET_OUTPUT, faults_.get()) != 0) refuse();
}

PerfRing::~PerfRing() { munmap(control_, size_ + kPage); }

/// An ordinary user may lock only so much memory: half as much is asked for until it is given.
void PerfRing::map() {
  for (std::size_t pages = kMostRingPages; pages >= kFewestRingPages; pages /= 2) {
    void* const at =
        mmap(nullptr, (pages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, faults_.get(), 0);
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
  taken_.insert(taken_.end(), data + begin, data + begin + straight);
  taken_.insert(taken_.end(), data, data + (head - tail - straight));
  std::atomic_ref<__u64>{control_->data_tail}.store(head, std::memory_order_release);
}

std::uint64_t PerfRing::read(std::vector<StreamEvent>& events) const {
  std::uint64_t lost = 0;
  for (std::size_t at = 0; at + sizeof(perf_event_header) <= taken_.size();) {
    perf_event_header header{};
    std::memcpy(&header, taken_.data() + at, sizeof header);
    const std::byte* const begin = taken_.data() + at + sizeof header;
    const std::byte* const end = taken_.data() + at + header.size;
    if (header.type == PERF_RECORD_SAMPLE) {
      events.push_back(sample_id(begin, end) == major_id_
                           ? read_major(begin, end)
                           : read_fault(layout_, header, begin, end));
    } else if (auto event = read_other(header, begin, end)) {
      events.push_back(std::move(*event));
    }
    lost += read_lost(header, begin, end);
    at += header.size;
  }
  return lost;
}

std::uint64_t PerfRing::counted() const { return count(minor_count_) + count(major_count_); }

}  // namespace tools::compare
