// The worlds the allocator's tests run in: this process's memory, and a simulated machine's.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "allocator/check.h"
#include "allocator/check_caches.h"
#include "allocator/faultline.h"
#include "allocator/malloc.h"
#include "allocator/real_memory.h"
#include "pagesim/machine.h"
#include "pagesim/signals.h"
#include "pagesim/sim_memory.h"

namespace allocator::test {

/// This process. Its heap lives as long as the program: a test may find what others left.
class RealWorld {
 public:
  using Memory = RealMemory;
  [[nodiscard]] Memory memory() const { return {}; }

  /// `body` must end the process with `message` on standard error.
  template <class Body>
  void expect_abort(const Body& body, const char* message) const {
    EXPECT_DEATH(body(), testing::HasSubstr(message));
  }
  [[nodiscard]] static bool broken() { return false; }  // a child process died, not this one
};

static_assert(MemoryBackend<pagesim::SimMemory>);

/// A fresh process on a simulated machine of its own.
class SimulatedWorld {
 public:
  using Memory = pagesim::SimMemory;
  [[nodiscard]] Memory memory() { return Memory{*task_}; }
  [[nodiscard]] pagesim::Task& task() { return *task_; }

  /// `body` must end the program with `message`. Its heap is then left as it was broken.
  template <class Body>
  void expect_abort(const Body& body, const char* message) {
    broken_ = true;
    try {
      body();
      ADD_FAILURE() << "the program went on";
    } catch (const pagesim::ProgramAborted& aborted) {
      EXPECT_STREQ(aborted.what(), message);
    }
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  pagesim::Machine machine_;
  pagesim::Task* task_ = &machine_.boot();
  bool broken_ = false;
};

using Worlds = testing::Types<RealWorld, SimulatedWorld>;

/// What a test program tests: all of it one or the other, since both own the real memory's globals.
#ifdef ALLOCATOR_FAULTLINE
template <MemoryBackend M>
using TestedMalloc = FaultlineMalloc<M>;
template <MemoryBackend M>
[[nodiscard]] HeapCheck check_all(M memory) {
  const HeapCheck found = check_heap<Faultline>(memory);
  return found ? check_caches(memory) : found;
}
#else
template <MemoryBackend M>
using TestedMalloc = Malloc<M>;
template <MemoryBackend M>
[[nodiscard]] HeapCheck check_all(M memory) {
  return check_heap(memory);
}
#endif

/// A test's allocator and its words of user memory.
template <class World>
class WorldTest : public testing::Test {
 protected:
  using Memory = typename World::Memory;

  [[nodiscard]] std::uint64_t word(VirtAddr at) const {
    return memory_.template load<std::uint64_t>(at, tag(Writer::User));
  }
  void set_word(VirtAddr at, std::uint64_t value) const {
    memory_.template store<std::uint64_t>(at, value, tag(Writer::User));
  }
  /// The size word of the chunk a user pointer belongs to.
  [[nodiscard]] std::uint64_t head(VirtAddr user) const { return word(user - 8); }
  void set_head(VirtAddr user, std::uint64_t value) const { set_word(user - 8, value); }

  void TearDown() override {
    if (world_.broken()) return;
    const HeapCheck found = check_all(memory_);
    EXPECT_TRUE(found) << found.broken;
  }

  World world_;
  Memory memory_ = world_.memory();
  TestedMalloc<Memory> heap_{memory_};
};

}  // namespace allocator::test
