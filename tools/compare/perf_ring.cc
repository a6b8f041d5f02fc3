// Memory shared with the kernel.
#include "tools/compare/perf_ring.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "tools/compare/perf_record.h"
#include "tools/measure/raw_syscall.h"

namespace tools::compare {
namespace {

using measure::kPage;

constexpr std::size_t kMostRingPages = 4096;
constexpr std::size_t kFewestRingPages = 8;

}  // namespace

/// An ordinary user may lock only so much memory: half as much is asked for until it is given.
/// Whoever empties the ring is woken when a quarter is full.
PerfRing::PerfRing(int processor) : processor_{processor} {
  for (std::size_t pages = kMostRingPages; pages >= kFewestRingPages; pages /= 2) {
    event_ = open_event(ring_event(static_cast<std::uint32_t>(pages * kPage / 4)), 0, processor);
    void* const at =
        mmap(nullptr, (pages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, event_.get(), 0);
    if (at == MAP_FAILED) continue;
    control_ = static_cast<perf_event_mmap_page*>(at);
    size_ = pages * kPage;
    return;
  }
  throw std::system_error{errno, std::generic_category(), "perf"};
}

PerfRing::~PerfRing() { munmap(control_, size_ + kPage); }

void PerfRing::touch() const noexcept {
  const auto* const bytes = reinterpret_cast<const volatile std::byte*>(control_);
  for (std::size_t at = 0; at <= size_; at += kPage) static_cast<void>(bytes[at]);
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

void PerfRing::clear() {
  drain();
  taken_.clear();
}

TakenBytes PerfRing::take() {
  const std::lock_guard guard{lock_};
  if (spare_.empty()) return std::exchange(taken_, TakenBytes{});
  TakenBytes spare = std::move(spare_.back());
  spare_.pop_back();
  return std::exchange(taken_, std::move(spare));
}

void PerfRing::give_back(TakenBytes taken) {
  taken.clear();
  const std::lock_guard guard{lock_};
  spare_.push_back(std::move(taken));
}

PerfRings make_rings() {
  PerfRings rings;
  const auto processors = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
  for (int i = 0; i < processors; ++i) {
    try {
      rings.push_back(std::make_unique<PerfRing>(i));
    } catch (const std::system_error& refused) {
      if (refused.code().value() != ENODEV) throw;  // of a processor that is off
    }
  }
  if (rings.empty()) throw std::system_error{ENODEV, std::generic_category(), "perf"};
  return rings;
}

}  // namespace tools::compare
