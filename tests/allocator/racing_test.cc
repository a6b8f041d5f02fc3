// Corruption that strikes between two checks of one call, as only another thread's write can.
#include <gmock/gmock.h>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

/// A simulated task's memory in which a word changes before it is read for the n-th time.
struct RacingMemory : pagesim::SimMemory {
  using pagesim::SimMemory::SimMemory;

  template <class T>
  [[nodiscard]] T load(VirtAddr at, AccessTag tag = {}) const {
    if (at == victim && --reads_left == 0) SimMemory::store<std::uint64_t>(at, written, tag);
    return SimMemory::load<T>(at, tag);
  }

  static inline VirtAddr victim;
  static inline int reads_left = 0;
  static inline std::uint64_t written = 0;
};
static_assert(MemoryBackend<RacingMemory>);

class RacingTest : public testing::Test {
 protected:
  /// What malloc says when the link from the unsorted list's sentinel to its only chunk changes
  /// before its n-th read; empty: nothing.
  static std::string struck_at_read(int n) {
    pagesim::Machine machine;
    const RacingMemory memory{machine.boot()};
    const Malloc<RacingMemory> heap{memory};
    const VirtAddr p = heap.malloc(2000);
    (void)heap.malloc(2000);
    heap.free(p);
    RacingMemory::victim = Arena<RacingMemory>::main(memory).unsorted().at() + kFd;
    RacingMemory::reads_left = n;
    RacingMemory::written = p.raw();
    try {
      (void)heap.malloc(60'000);
    } catch (const pagesim::ProgramAborted& aborted) {
      return aborted.what();
    }
    return "";
  }
  static constexpr std::size_t kFd = 16;
};

/// The list is checked, looked at for the last remainder, and checked again when a chunk is taken.
TEST_F(RacingTest, MallocNamesAListTornBetweenTheCheckAndTheRemoval) {
  EXPECT_EQ(struck_at_read(1), "malloc(): unsorted double linked list corrupted");
  EXPECT_EQ(struck_at_read(2), "malloc(): corrupted unsorted chunks 3");
}

}  // namespace
}  // namespace allocator::test
