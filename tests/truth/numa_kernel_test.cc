// NUMA hint faults: the running kernel's, with as many as the simulated one takes. Needs root, and
// changes a setting of the machine for as long as it runs.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pagesim/machine.h"
#include "tests/machine/caretaker.h"
#include "tools/measure/rights.h"

namespace truth {
namespace {

constexpr const char* kBalancing = "/proc/sys/kernel/numa_balancing";
constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 64;
constexpr std::size_t kHuge = 512;  // pages

/// What is swept: pages of a kind, and whether they are written.
struct Sweep {
  const char* name;
  std::size_t pages;
  bool write;
};
constexpr Sweep kSweeps[] = {{"read", kPages, false},          {"written", kPages, true},
                             {"read-only", kPages, false},     {"zero page", kPages, false},
                             {"shared memory", kPages, false}, {"huge", 2 * kHuge, false}};
enum Kind : std::size_t { Read, Written, ReadOnly, Zero, Shared, Huge, Kinds };

/// How many faults the first sweep over each kind takes after the scan; the second takes none.
std::vector<std::uint64_t> simulated() {
  pagesim::Machine machine;
  pagesim::Task& task = machine.boot();
  std::vector<std::uint64_t> faults;
  for (std::size_t kind = 0; kind < Kinds; ++kind) {
    machine.profile().thp_enabled =
        kind == Huge ? pagesim::kernel::ThpMode::Always : pagesim::kernel::ThpMode::Never;
    const int sharing = kind == Shared ? MAP_SHARED : MAP_PRIVATE;
    const pagesim::VirtAddr at{0x300000000000 + kind * (std::uint64_t{1} << 32)};
    const std::size_t bytes = kSweeps[kind].pages * kPage;
    (void)task.mmap(at, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_FIXED);
    const auto sweep = [&](bool write) {
      const std::uint64_t before = task.counters().minor;
      task.touch_pages(at, kSweeps[kind].pages,
                       write ? pagesim::Access::Write : pagesim::Access::Read);
      return task.counters().minor - before;
    };
    sweep(kind != Zero);
    if (kind == ReadOnly) (void)task.mprotect(at, bytes, PROT_READ);
    (void)task.numa_scan(at, bytes);
    faults.push_back(sweep(kSweeps[kind].write));
    EXPECT_EQ(sweep(kSweeps[kind].write), 0u) << kSweeps[kind].name;
  }
  return faults;
}

/// Memory of one kind in this process, apart from all other areas.
class Area {
 public:
  explicit Area(std::size_t kind) : kind_{kind}, bytes_{kSweeps[kind].pages * kPage} {
    const std::size_t apart = 2 * kHuge * kPage;
    auto* const room = static_cast<char*>(
        mmap(nullptr, bytes_ + 2 * apart, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const auto raw = reinterpret_cast<std::uintptr_t>(room) + apart;
    char* const wanted = room + ((raw & ~(kHuge * kPage - 1)) - (raw - apart));
    const int sharing = kind == Shared ? MAP_SHARED : MAP_PRIVATE;
    at_ = static_cast<char*>(
        mmap(wanted, bytes_, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    madvise(at_, bytes_, kind == Huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    for (std::size_t i = 0; i < bytes_; i += kPage) {
      if (kind != Zero) at_[i] = 1;
      static_cast<void>(static_cast<volatile char*>(at_)[i]);
    }
    if (kind == ReadOnly) mprotect(at_, bytes_, PROT_READ);
  }

  /// The faults of touching each page once.
  std::uint64_t sweep() {
    rusage before{};
    rusage after{};
    volatile char* const at = at_;
    getrusage(RUSAGE_THREAD, &before);
    for (std::size_t i = 0; i < bytes_; i += kPage) {
      if (kSweeps[kind_].write)
        at[i] = 2;
      else
        static_cast<void>(at[i]);
    }
    getrusage(RUSAGE_THREAD, &after);
    return static_cast<std::uint64_t>(after.ru_minflt - before.ru_minflt);
  }

 private:
  std::size_t kind_;
  std::size_t bytes_;
  char* at_ = nullptr;
};

/// The kernel scans processes of several threads that take processor time; of a single thread's it
/// leaves pages that lie where the thread runs alone.
class Company {
 public:
  Company()
      : thread_{[this] {
          while (!stop_.load(std::memory_order_relaxed)) {
          }
        }} {}
  Company(const Company&) = delete;
  Company& operator=(const Company&) = delete;
  ~Company() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

/// Sweeps until one finds hints; the faults of that one.
std::vector<std::uint64_t> measured(std::vector<Area>& areas) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (std::chrono::steady_clock::now() < end) {
    const auto pause = std::chrono::steady_clock::now() + std::chrono::milliseconds{100};
    while (std::chrono::steady_clock::now() < pause) {
    }
    std::vector<std::uint64_t> faults;
    std::uint64_t all = 0;
    for (Area& area : areas) all += faults.emplace_back(area.sweep());
    if (all >= kPages) return faults;
  }
  return {};
}

TEST(NumaKernelTest, EachPageFaultsAsOftenAsSimulated) {
  const auto before = tools::measure::read_file(kBalancing);
  if (!before) GTEST_SKIP() << "this kernel has no NUMA balancing (" << kBalancing << ")";
  machine::MachineLock lock;
  machine::Caretaker caretaker;
  caretaker.write_later(kBalancing, *before);
  if (!(std::ofstream{kBalancing} << "1" << std::flush))
    GTEST_SKIP() << kBalancing << " cannot be written: root is needed";
  std::vector<Area> areas;
  for (std::size_t kind = 0; kind < Kinds; ++kind) areas.emplace_back(kind);
  const Company company;
  const std::vector<std::uint64_t> faults = measured(areas);
  if (faults.empty()) GTEST_SKIP() << "the kernel's scan did not come by within a minute";
  const std::vector<std::uint64_t> wanted = simulated();
  for (std::size_t kind = 0; kind < Kinds; ++kind)
    EXPECT_EQ(faults[kind], wanted[kind]) << kSweeps[kind].name;
}

}  // namespace
}  // namespace truth
