// Addresses in the words of the script.
#include "tools/run/place.h"

#include <gtest/gtest.h>

#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

class PlaceTest : public testing::Test {
 protected:
  void run(const char* text) {
    program_ = script::parse(text, "test.fl");
    outcome_ = SimRunner{}.run(program_, {});
  }
  /// The words for an address after the last operation, as task `task` sees it.
  [[nodiscard]] std::string words(std::uint64_t address, std::uint32_t task = 0) const {
    Places places{program_, outcome_};
    for (std::size_t i = 0; i < program_.ops.size(); ++i) places.advance(i);
    return places.text(task, pagesim::VirtAddr{address});
  }
  [[nodiscard]] std::uint64_t address_of(std::size_t op) const { return outcome_.ops[op].address; }

  script::Program program_;
  RunOutcome outcome_;
};

TEST_F(PlaceTest, ByteOfABlockIsCountedFromItsFirst) {
  run("A = mmap 8p anon private rw\n");
  EXPECT_EQ(words(address_of(0)), "A");
  EXPECT_EQ(words(address_of(0) + 17), "A+17");
  EXPECT_EQ(words(address_of(0) + 3 * 4096 + 17), "A[3]+17");
}

TEST_F(PlaceTest, ChunkHeaderBelongsToItsBlock) {
  run("p = malloc 100\n");
  EXPECT_EQ(words(address_of(0) - 8), "p-8");
  EXPECT_EQ(words(address_of(0) - 32), "heap+640") << "further away it is the heap's";
}

TEST_F(PlaceTest, FreedBlockIsPartOfTheHeapAgain) {
  run("p = malloc 100\nfree p\n");
  EXPECT_EQ(words(address_of(0)), "heap+672");
}

TEST_F(PlaceTest, NeighbourhoodOfAMappingIsNamedAfterIt) {
  run("A = mmap 8p anon private rw at @0x100000000000 fixed\nA = mremap A 4p\n");
  EXPECT_EQ(words(0x100000005000), "A[5]");
  EXPECT_EQ(words(0x100000000000 - 4097), "A[-2]+4095");
  EXPECT_EQ(words(0x100000000000 + (4096ull << 20)), "@0x100100000000");
}

TEST_F(PlaceTest, ChildMayMeanAnotherBlockByTheSameName) {
  run("A = mmap 1p anon private rw at @0x100000000000 fixed\nfork c\n"
      "c: A = mmap 1p anon private rw at @0x100100000000 fixed\n");
  EXPECT_EQ(words(0x100000000010, 0), "A+16");
  EXPECT_EQ(words(0x100100000010, 1), "A+16");
  EXPECT_EQ(words(0x100100000010, 0), "@0x100100000010");
}

TEST_F(PlaceTest, RegionsOfTheProcessHaveTheirNames) {
  run("p = malloc 1\n");
  EXPECT_EQ(words(outcome_.stack_base - 4096), "stack[-1]");
  EXPECT_EQ(words(outcome_.text_base + 5), "text+5");
  EXPECT_EQ(words(outcome_.globals_base + 96), "globals+96");
  EXPECT_EQ(words(8), "@0x8");
}

TEST_F(PlaceTest, EveryAddressOfABlockResolvesBackToItself) {
  run("A = mmap 8p anon private rw\np = malloc 100\n");
  Places places{program_, outcome_};
  places.advance(0);
  places.advance(1);
  for (std::int64_t offset = -600 * 4096; offset < 600 * 4096; offset += 977) {
    const pagesim::VirtAddr at{address_of(0) + static_cast<std::uint64_t>(offset)};
    const Location location = places.locate(0, at);
    if (location.region != Location::Region::Name) continue;
    const script::Place place{script::Base::Name, location.name, location.offset};
    EXPECT_EQ(places.resolve(0, place), at);
  }
}

}  // namespace
}  // namespace tools::run
