// SimMemory: the memory a program sees.
#include "pagesim/sim_memory.h"

#include <gtest/gtest.h>

#include "allocator/memory.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

static_assert(allocator::MemoryBackend<SimMemory>);

TEST(SimMemoryTest, SbrkAsksTheKernelForTheBreakOnlyOnce) {
  struct Count final : SyscallFilter {
    int calls = 0;
    int enter(const SyscallEntry&) override { return ++calls, 0; }
    void leave(const SyscallEntry&, std::uint64_t, int) override {}
  };
  Count count;
  World world;
  world.machine.set_syscall_filter(&count);
  const SimMemory memory{world.task};
  const VirtAddr heap = memory.sbrk(0);
  EXPECT_EQ(memory.sbrk(0), heap);
  EXPECT_EQ(count.calls, 1);
  EXPECT_EQ(memory.sbrk(5000), heap);
  EXPECT_EQ(memory.sbrk(-1000), heap + 5000);
  EXPECT_EQ(memory.sbrk(0), heap + 4000);
  EXPECT_EQ(count.calls, 3);
  world.machine.set_syscall_filter(nullptr);
}

TEST(SimMemoryTest, RefusedCallsLeaveErrno) {
  struct Refuse final : SyscallFilter {
    int enter(const SyscallEntry& entry) override {
      return entry.call == Syscall::Munmap ? 0 : ENOMEM;
    }
    void leave(const SyscallEntry&, std::uint64_t, int) override {}
  };
  World world;
  const SimMemory memory{world.task};
  const VirtAddr heap = memory.sbrk(0);
  Refuse refuse;
  world.machine.set_syscall_filter(&refuse);
  EXPECT_TRUE(memory.sbrk(4096).is_null());
  EXPECT_EQ(memory.error(), ENOMEM);
  memory.set_error(0);
  EXPECT_TRUE(memory.mmap(VirtAddr{}, 4096, kReadWrite, kPrivate).is_null());
  EXPECT_EQ(memory.error(), ENOMEM);
  EXPECT_EQ(memory.sbrk(0), heap);
  world.machine.set_syscall_filter(nullptr);
}

TEST(SimMemoryTest, GlobalsAndThreadLocalsAreZeroedPages) {
  World world;
  const SimMemory memory{world.task};
  EXPECT_EQ(memory.load<std::uint64_t>(memory.globals()), 0u);
  EXPECT_EQ(memory.load<std::uint64_t>(memory.thread_locals()), 0u);
  memory.store<std::uint64_t>(memory.globals() + 8, 5);
  EXPECT_EQ(memory.load<std::uint64_t>(memory.globals() + 8), 5u);
}

TEST(SimMemoryTest, CopyAndFillMoveBytes) {
  World world;
  const SimMemory memory{world.task};
  const VirtAddr a = world.map(8);
  memory.fill(a + 100, 0x5c, 9000);
  memory.copy(a + 16000, a + 50, 9000);
  EXPECT_EQ(memory.load<std::uint8_t>(a + 16049), 0u);
  EXPECT_EQ(memory.load<std::uint8_t>(a + 16050), 0x5cu);
  EXPECT_EQ(memory.load<std::uint8_t>(a + 24999), 0x5cu);
}

TEST(SimMemoryTest, LocksExcludeAndOneHeldForeverAborts) {
  World world;
  const SimMemory memory{world.task};
  const VirtAddr word = memory.globals();
  memory.lock(word);
  EXPECT_EQ(world.causes(), std::vector<Cause>{Cause::FirstWrite});
  EXPECT_FALSE(memory.try_lock(word));
  EXPECT_THROW(memory.lock(word), ProgramAborted);
  memory.unlock(word);
  EXPECT_TRUE(memory.try_lock(word));
}

TEST(SimMemoryTest, EnvironmentIsFoundByWholeName) {
  Layout layout;
  layout.environment = {"GLIBC_TUNABLES_X=1", "GLIBC_TUNABLES=glibc.malloc.check=0"};
  Machine machine;
  const SimMemory memory{machine.boot(layout)};
  EXPECT_EQ(memory.environment("GLIBC_TUNABLES"), "glibc.malloc.check=0");
  EXPECT_EQ(memory.environment("GLIBC").data(), nullptr);
}

TEST(SimMemoryTest, OutOfFramesKills) {
  MachineConfig config;
  config.memory_bytes = 64 * kPage;
  Machine machine{config};
  Task& task = machine.boot();
  machine.profile().overcommit_memory = 1;
  const VirtAddr a = *task.mmap(VirtAddr{}, 100 * kPage, kReadWrite, kPrivate);
  EXPECT_THROW(
      {
        for (std::size_t i = 0; i < 100; ++i) write(task, a + i * kPage);
      },
      OutOfMemoryKill);
}

}  // namespace
}  // namespace pagesim::test
