// Faults of libfaultline.so's allocator, predicted by the simulated machine and then measured in a
// process of its own, with all of the policy and with one part after the other switched off.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "allocator/faultline.h"
#include "allocator/real_memory.h"
#include "bench/workload/workload.h"
#include "pagesim/machine.h"
#include "pagesim/sim_memory.h"

namespace {

using allocator::Faultline;
using allocator::FaultlineMalloc;
using allocator::MemoryBackend;
using allocator::RealMemory;
using bench::Random;
using pagesim::VirtAddr;

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// The blocks in use lie outside M, which so sees the allocator and the blocks alone.
using Blocks = std::array<VirtAddr, 20'000>;
Blocks blocks;

/// Takes blocks whose every page it writes to.
template <MemoryBackend M>
class Program {
 public:
  explicit Program(M memory) : memory_{memory}, heap_{memory} {}

  void set(int knob, int value) const { heap_.mallopt(knob, value); }
  void replace(std::size_t i, std::size_t n) const {
    heap_.free(blocks[i]);
    blocks[i] = heap_.malloc(n);
    for (std::size_t at = 0; at + 8 <= n; at += 4096) {
      memory_.template store<std::uint64_t>(blocks[i] + at, n,
                                            allocator::tag(allocator::Writer::User));
    }
  }
  void drop(std::size_t i) const {
    heap_.free(blocks[i]);
    blocks[i] = {};
  }

 private:
  [[no_unique_address]] M memory_;
  FaultlineMalloc<M> heap_;
};

struct Mixed {
  static constexpr const char* kName = "mixed";
  void operator()(const auto& program) const {
    Random random{1};
    for (int step = 0; step < 200'000; ++step) {
      const std::size_t i = random.below(blocks.size());
      program.replace(i, random.size(13));
    }
  }
};
struct Regrow {
  static constexpr const char* kName = "regrow";
  void operator()(const auto& program) const {
    Random random{2};
    for (int round = 0; round < 20; ++round) {
      for (std::size_t i = 0; i < 150; ++i) program.replace(i, random.between(4096, 100'000));
      for (std::size_t i = 150; i > 0; --i) program.drop(i - 1);
    }
  }
};
struct Large {
  static constexpr const char* kName = "large";
  void operator()(const auto& program) const {
    Random random{3};
    for (int step = 0; step < 40; ++step) {
      program.replace(random.below(5), random.between(5 * kMiB, 25 * kMiB));
    }
  }
};

struct Part {
  const char* name;
  int knob;
  int value;
};
constexpr std::array kParts{Part{"all of the policy", 0, 0},
                            Part{"no huge pages", allocator::kKnobHuge.parameter, 0},
                            Part{"no lists", allocator::kKnobLists.parameter, 0},
                            Part{"no merging of what is kept", allocator::kKnobDepot.parameter, 1},
                            Part{"no retention", allocator::kKnobRetain.parameter, 0},
                            Part{"mappings from 128 KiB", -3, 128 << 10}};

/// The break goes to a multiple of 2 MiB first, so that huge pages lie alike on both.
template <class Workload, MemoryBackend M>
void run(M memory, const Part& part) {
  const VirtAddr now = memory.sbrk(0);
  if (memory.sbrk(static_cast<std::ptrdiff_t>(now.align_up(2 * kMiB) - now)).is_null())
    std::abort();
  blocks.fill(VirtAddr{});
  const Program<M> program{memory};
  if (part.knob != 0) program.set(part.knob, part.value);
  Workload{}(program);
}

template <class Workload>
std::uint64_t predicted(const Part& part) {
  pagesim::Machine machine;
  run<Workload>(pagesim::SimMemory{machine.boot()}, part);
  return machine.ledger().records().size();
}

long minor_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/// In a child, whose copy of `blocks` is made before.
template <class Work>
long faults_in_child(Work work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) std::abort();
  if (fork() == 0) {
    blocks.fill(VirtAddr{});
    const long before = minor_faults();
    work();
    const long taken = minor_faults() - before;
    _exit(write(ends[1], &taken, sizeof taken) == sizeof taken ? 0 : 1);
  }
  long taken = 0;
  if (read(ends[0], &taken, sizeof taken) != sizeof taken) std::abort();
  close(ends[0]);
  close(ends[1]);
  wait(nullptr);
  return taken;
}

template <class Workload>
void compare() {
  for (const Part& part : kParts) {
    const auto simulated = static_cast<long>(predicted<Workload>(part));
    const long measured = faults_in_child([&] { run<Workload>(RealMemory{}, part); });
    std::printf("| %s | %s | %ld | %ld | %+.1f%% |\n", Workload::kName, part.name, simulated,
                measured,
                100.0 * static_cast<double>(measured - simulated) / static_cast<double>(simulated));
    std::fflush(stdout);
  }
}

}  // namespace

int main() {
  if (RealMemory{}.thp_size() == 0) {
    std::fputs(
        "predict: huge pages do not follow madvise here, as they do on the simulated "
        "machine: write madvise to /sys/kernel/mm/transparent_hugepage/enabled\n",
        stderr);
    return 3;
  }
  std::puts("| workload | policy | predicted | measured | |\n|---|---|--:|--:|--:|");
  compare<Mixed>();
  compare<Regrow>();
  compare<Large>();
}
