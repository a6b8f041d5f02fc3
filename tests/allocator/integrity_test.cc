// A corrupted heap ends the program with glibc's own words.
#include <array>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

template <class World>
class IntegrityTest : public WorldTest<World> {
 protected:
  template <class Body>
  void expect_abort(const Body& body, const char* message) {
    this->world_.expect_abort(body, message);
  }
  /// A chunk of n bytes that lies in the unsorted list, and one behind it that keeps it there.
  struct Unsorted {
    VirtAddr p;
    VirtAddr guard;
  };
  Unsorted unsorted(std::size_t n) {
    Unsorted made{this->heap_.malloc(n), this->heap_.malloc(n)};
    this->heap_.free(made.p);
    return made;
  }
  void corrupt_and_allocate(VirtAddr at, std::uint64_t value) {
    this->set_word(at, value);
    (void)this->heap_.malloc(60'000);
  }
};
TYPED_TEST_SUITE(IntegrityTest, Worlds);

TYPED_TEST(IntegrityTest, FreeNamesAMisalignedPointer) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(100);
        this->set_word(p, 112 | kPrevInuse);  // where p + 8 has its size word
        this->heap_.free(p + 8);
      },
      "free(): invalid pointer");
}

TYPED_TEST(IntegrityTest, FreeNamesABadSize) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(100);
        this->set_head(p, 17);
        this->heap_.free(p);
      },
      "free(): invalid size");
}

TYPED_TEST(IntegrityTest, FreeNamesADoubleFreeInTheThreadCache) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(100);
        this->heap_.free(p);
        this->heap_.free(p);
      },
      "free(): double free detected in tcache 2");
}

TYPED_TEST(IntegrityTest, FreeNamesADoubleFreeInAFastbin) {
  this->expect_abort(
      [&] {
        std::array<VirtAddr, 8> chunks;
        for (VirtAddr& p : chunks) p = this->heap_.malloc(40);
        for (const VirtAddr p : chunks) this->heap_.free(p);
        this->heap_.free(chunks[7]);
      },
      "double free or corruption (fasttop)");
}

TYPED_TEST(IntegrityTest, FreeNamesADoubleFreeOfAListedChunk) {
  this->expect_abort(
      [&] {
        const auto [p, guard] = this->unsorted(2000);
        this->heap_.free(p);
      },
      "double free or corruption (!prev)");
}

TYPED_TEST(IntegrityTest, FreeNamesTheTopChunk) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(5000);
        const VirtAddr top = Arena<typename TypeParam::Memory>::main(this->memory_).top().user();
        (void)p;
        this->heap_.free(top);
      },
      "double free or corruption (top)");
}

TYPED_TEST(IntegrityTest, FreeNamesABadNeighbour) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(2000);
        const VirtAddr next = this->heap_.malloc(2000);
        this->set_head(next, 1);
        this->heap_.free(p);
      },
      "free(): invalid next size (normal)");
}

TYPED_TEST(IntegrityTest, FreeNamesAFootThatLies) {
  this->expect_abort(
      [&] {
        const auto [p, guard] = this->unsorted(2000);
        this->set_word(guard - 16, 1008);
        this->set_head(p + 1008, 64);
        this->heap_.free(guard);
      },
      "corrupted size vs. prev_size while consolidating");
}

TYPED_TEST(IntegrityTest, FreeNamesABadMapping) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(40u << 20);
        this->set_word(p - 16, 32);
        this->heap_.free(p);
      },
      "munmap_chunk(): invalid pointer");
}

TYPED_TEST(IntegrityTest, MallocNamesABadSizeInTheUnsortedList) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->unsorted(2000).p;
        this->corrupt_and_allocate(p - 8, 8 | kPrevInuse);
      },
      "malloc(): invalid size (unsorted)");
}

TYPED_TEST(IntegrityTest, MallocNamesABadNeighbourOfAnUnsortedChunk) {
  this->expect_abort(
      [&] {
        const VirtAddr guard = this->unsorted(2000).guard;
        this->corrupt_and_allocate(guard - 8, 8);
      },
      "malloc(): invalid next size (unsorted)");
}

TYPED_TEST(IntegrityTest, MallocNamesAnUnsortedFootThatLies) {
  this->expect_abort(
      [&] {
        const VirtAddr guard = this->unsorted(2000).guard;
        this->corrupt_and_allocate(guard - 16, 1000);
      },
      "malloc(): mismatching next->prev_size (unsorted)");
}

TYPED_TEST(IntegrityTest, MallocNamesATornUnsortedList) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->unsorted(2000).p;
        this->corrupt_and_allocate(p, p.raw() - 16);
      },
      "malloc(): unsorted double linked list corrupted");
}

TYPED_TEST(IntegrityTest, MallocNamesAnUnsortedChunkInUse) {
  this->expect_abort(
      [&] {
        const VirtAddr guard = this->unsorted(2000).guard;
        this->corrupt_and_allocate(guard - 8, this->head(guard) | kPrevInuse);
      },
      "malloc(): invalid next->prev_inuse (unsorted)");
}

TYPED_TEST(IntegrityTest, MallocNamesACorruptTop) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(5000);
        const VirtAddr top = Arena<typename TypeParam::Memory>::main(this->memory_).top().user();
        (void)p;
        this->set_head(top, ~std::uint64_t{0xf} | kPrevInuse);
        (void)this->heap_.malloc(100'000);
      },
      "malloc(): corrupted top size");
}

TYPED_TEST(IntegrityTest, MallocNamesAForgedThreadCacheLink) {
  this->expect_abort(
      [&] {
        const VirtAddr a = this->heap_.malloc(1000);
        const VirtAddr b = this->heap_.malloc(1000);
        this->heap_.free(a);
        this->heap_.free(b);
        this->set_word(b, protect_ptr(b, a + 8).raw());
        (void)this->heap_.malloc(1000);
        (void)this->heap_.malloc(1000);
      },
      "malloc(): unaligned tcache chunk detected");
}

TYPED_TEST(IntegrityTest, ReallocNamesABadNeighbour) {
  this->expect_abort(
      [&] {
        const VirtAddr p = this->heap_.malloc(2000);
        const VirtAddr next = this->heap_.malloc(2000);
        this->set_head(next, 1);
        (void)this->heap_.realloc(p, 4000);
      },
      "realloc(): invalid next size");
}

}  // namespace
}  // namespace allocator::test
