// A machine with one process, and what the tests ask of it.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pagesim/machine.h"
#include "pagesim/process.h"
#include "pagesim/signals.h"

namespace pagesim::test {

inline constexpr int kReadWrite = PROT_READ | PROT_WRITE;
inline constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
inline constexpr std::size_t kPage = 4096;
inline constexpr VirtAddr kFarAway{0x100000000000};

/// One machine and its first process.
struct World {
  Machine machine;
  Task& task = machine.boot();

  /// Private anonymous pages at a fixed address, 2 GiB apart by number.
  VirtAddr map(std::size_t pages, int prot = kReadWrite, unsigned number = 0, int flags = 0) {
    const VirtAddr at = kFarAway + number * (std::size_t{2} << 30);
    return *task.mmap(at, pages * kPage, prot, kPrivate | MAP_FIXED | flags);
  }
  /// The causes of the faults since the last call.
  std::vector<Cause> causes() {
    std::vector<Cause> causes;
    for (const FaultRecord& record : machine.ledger().records()) causes.push_back(record.cause);
    machine.ledger().clear_records();
    return causes;
  }
};

inline void write(Task& task, VirtAddr at) { task.touch(at, 1, Access::Write); }
inline void read(Task& task, VirtAddr at) { task.touch(at, 1, Access::Read); }

/// The signal an action ends in; number 0 if it ends in none.
template <class Action>
SignalInfo signal_of(Action&& action) {
  try {
    action();
  } catch (const SignalRaised& raised) {
    return raised.info;
  }
  return {};
}

}  // namespace pagesim::test
