// A machine with one process, and what the tests ask of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pagesim/machine.h"
#include "pagesim/machines.h"
#include "pagesim/process.h"
#include "pagesim/signals.h"

namespace pagesim::test {

using Causes = std::vector<Cause>;

inline constexpr int kReadWrite = PROT_READ | PROT_WRITE;
inline constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
inline constexpr std::size_t kPage = 4096;
inline constexpr VirtAddr kFarAway{0x100000000000};

/// One machine and its first process. `page` and `far`, an address no region is near, are the
/// machine's; kPage and kFarAway those of x86-64.
struct World {
  explicit World(std::string_view name = "x86-64", const hardware::Walker& walker = {})
      : model{with_walker(*machine_model(name), walker)} {}

  MachineModel model;
  std::size_t page = model.config.geometry.page_size();
  VirtAddr far = model.config.geometry.is_32_bit() ? VirtAddr{0x40000000} : kFarAway;
  Machine machine{model.config};
  Task& task = machine.boot(model.layout);

  /// Private anonymous pages at a fixed address, 2 GiB apart by number.
  VirtAddr map(std::size_t pages, int prot = kReadWrite, unsigned number = 0, int flags = 0) {
    const VirtAddr at = far + number * (std::size_t{2} << 30);
    return *task.mmap(at, pages * page, prot, kPrivate | MAP_FIXED | flags);
  }
  /// The causes of the faults since the last call.
  std::vector<Cause> causes() {
    std::vector<Cause> causes;
    for (const FaultRecord& record : machine.ledger().records()) causes.push_back(record.cause);
    machine.ledger().clear_records();
    return causes;
  }

 private:
  static MachineModel with_walker(MachineModel model, const hardware::Walker& walker) {
    model.config.walker = walker;
    return model;
  }
};

inline void write(Task& task, VirtAddr at) { task.touch(at, 1, Access::Write); }
inline void read(Task& task, VirtAddr at) { task.touch(at, 1, Access::Read); }

/// A machine's name as the name of a test.
inline std::string test_name(const testing::TestParamInfo<std::string_view>& info) {
  std::string name{info.param};
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

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
