// How fast the simulated machine is: accesses, faults, and host memory for a simulated page.
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

#include "pagesim/machine.h"
#include "pagesim/process.h"
#include "pagesim/task.h"

namespace {

using pagesim::Access;
using pagesim::Machine;
using pagesim::Task;
using pagesim::VirtAddr;

constexpr std::size_t kPage = 4096;

/// An anonymous private mapping of `bytes`.
VirtAddr map(Task& task, std::size_t bytes) {
  return task
      .mmap(VirtAddr{}, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
      .value();
}

void write_pages(Task& task, VirtAddr at, std::size_t bytes) {
  for (std::size_t offset = 0; offset < bytes; offset += kPage) {
    task.touch(at + offset, 1, Access::Write);
  }
}

/// Marsaglia's xorshift: cheap next to what is measured.
class Random {
 public:
  std::uint64_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

 private:
  std::uint64_t state_ = 88172645463325252u;
};

/// One-byte accesses anywhere in `range(0)` bytes that are all present.
void access_at_random(benchmark::State& state, Access access) {
  Machine machine;
  Task& task = machine.boot();
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const VirtAddr at = map(task, bytes);
  write_pages(task, at, bytes);
  Random random;
  for (auto _ : state) task.touch(at + (random.next() & (bytes - 1)), 1, access);
  state.SetItemsProcessed(state.iterations());
}

/// Named for what was here first: these are reads.
void BM_RandomAccess(benchmark::State& state) { access_at_random(state, Access::Read); }
BENCHMARK(BM_RandomAccess)->Arg(1 << 20)->Arg(64 << 20);
void BM_RandomWrite(benchmark::State& state) { access_at_random(state, Access::Write); }
BENCHMARK(BM_RandomWrite)->Arg(64 << 20);

/// Eight-byte reads one after the other.
void BM_SequentialAccess(benchmark::State& state) {
  Machine machine;
  Task& task = machine.boot();
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const VirtAddr at = map(task, bytes);
  write_pages(task, at, bytes);
  std::size_t offset = 0;
  for (auto _ : state) {
    task.touch(at + offset, 8, Access::Read);
    offset = (offset + 8) & (bytes - 1);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_SequentialAccess)->Arg(64 << 20);

/// First writes to the pages of a fresh mapping; mapping and unmapping are not timed.
template <class Write>
void touch_first(benchmark::State& state, Write&& write) {
  Machine machine;
  machine.ledger().keep_records(false);
  Task& task = machine.boot();
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    state.PauseTiming();
    const VirtAddr at = map(task, bytes);
    state.ResumeTiming();
    write(task, at, bytes);
    state.PauseTiming();
    if (!task.munmap(at, bytes)) state.SkipWithError("munmap refused");
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(bytes / kPage));
}

/// One instruction at a time, each with its trap.
void BM_FirstTouch(benchmark::State& state) { touch_first(state, write_pages); }
BENCHMARK(BM_FirstTouch)->Arg(64 << 20);

/// The pages of a range one after the other, asked for together.
void BM_FirstTouchRange(benchmark::State& state) {
  touch_first(state, [](Task& task, VirtAddr at, std::size_t bytes) {
    task.touch_pages(at, bytes / kPage, Access::Write);
  });
}
BENCHMARK(BM_FirstTouchRange)->Arg(64 << 20);

/// Resident bytes of this process.
std::int64_t resident() {
  std::ifstream statm{"/proc/self/statm"};
  std::int64_t total = 0;
  std::int64_t present = 0;
  statm >> total >> present;
  return present * ::sysconf(_SC_PAGESIZE);
}

/// First touches of a range, timed without the machine's coming and going: what a simulated page
/// without contents costs the host, as the counters host_bytes_per_page and host_gib.
void BM_HostMemory(benchmark::State& state) {
  const std::size_t bytes = static_cast<std::size_t>(state.range(0)) << 30;
  const std::size_t pages = bytes / kPage;
  for (auto _ : state) {
    state.PauseTiming();
    pagesim::MachineConfig config;
    config.memory_bytes = 2 * bytes;
    Machine machine{config};
    machine.ledger().keep_records(false);
    Task& task = machine.boot();
    const VirtAddr at = map(task, bytes);
    const std::int64_t before = resident();
    state.ResumeTiming();
    task.touch_pages(at, pages, Access::Write);
    state.PauseTiming();
    const auto grown = static_cast<double>(resident() - before);
    state.counters["host_bytes_per_page"] = grown / static_cast<double>(pages);
    state.counters["host_gib"] = grown / (1u << 30);
    state.counters["faults"] = static_cast<double>(task.counters().minor);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pages));
}
// 4 GiB, and 1 TiB where the host has the 4 GiB of memory that it takes.
BENCHMARK(BM_HostMemory)->Arg(4)->Arg(1024)->Iterations(1)->Unit(benchmark::kMillisecond);

/// `areas` areas of one page each, alternately read-only, without room between them; the first.
VirtAddr map_areas(Task& task, std::size_t areas) {
  const VirtAddr at = map(task, areas * kPage);
  for (std::size_t i = 0; i < areas; i += 2) {
    if (!task.mprotect(at + i * kPage, kPage, PROT_READ)) std::abort();
  }
  return at;
}

pagesim::Profile with_room_for_areas() {
  pagesim::Profile profile;
  profile.max_map_count = 1u << 20;
  return profile;
}

/// One of `range(0)` areas, asked for at random.
void BM_FindVma(benchmark::State& state) {
  Machine machine{{}, with_room_for_areas()};
  Task& task = machine.boot();
  const auto areas = static_cast<std::size_t>(state.range(0));
  const VirtAddr at = map_areas(task, areas);
  pagesim::kernel::Mm& mm = task.process().mm();
  Random random;
  for (auto _ : state) benchmark::DoNotOptimize(mm.find_vma(at + random.next() % areas * kPage));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_FindVma)->Arg(60)->Arg(60'000);

/// A page mapped and given back below `range(0)` areas.
void BM_MapBelow(benchmark::State& state) {
  Machine machine{{}, with_room_for_areas()};
  Task& task = machine.boot();
  map_areas(task, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const VirtAddr page = map(task, kPage);
    if (!task.munmap(page, kPage)) state.SkipWithError("munmap refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_MapBelow)->Arg(60)->Arg(60'000);

/// A fork of 64 MiB and a copy-on-write fault for each of its pages in the child.
void BM_ForkAndCopy(benchmark::State& state) {
  constexpr std::size_t kBytes = 64 << 20;
  Machine machine;
  machine.ledger().keep_records(false);
  Task& parent = machine.boot();
  const VirtAddr at = map(parent, kBytes);
  write_pages(parent, at, kBytes);
  for (auto _ : state) {
    Task& child = machine.fork(parent);
    write_pages(child, at, kBytes);
    machine.exit_group(child);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBytes / kPage));
}
BENCHMARK(BM_ForkAndCopy)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
