// Addresses in the words of the script.
#include "tools/run/place.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

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

TEST_F(PlaceTest, EachOfManyBlocksInUseIsFoundByItsBytesAndItsHeader) {
  std::mt19937 random{7};
  std::string text;
  std::vector<bool> in_use(200, false);
  for (int i = 0; i < 1500; ++i) {
    const std::size_t name = random() % in_use.size();
    text += in_use[name] ? fmt::format("free p{}\n", name)
                         : fmt::format("p{} = malloc {}\n", name, 1 + random() % 3000);
    in_use[name] = !in_use[name];
  }
  run(text.c_str());
  Places places{program_, outcome_};
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> live;
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    places.advance(i);
    const script::Op& op = program_.ops[i];
    if (op.verb == script::Verb::Free)
      live.erase(op.to.name);
    else
      live[op.result] = {outcome_.ops[i].address, op.n};
  }
  for (const auto& [name, block] : live) {
    const auto& [start, length] = block;
    const Location first{Location::Region::Name, name, 0};
    const Location last{Location::Region::Name, name, static_cast<std::int64_t>(length - 1)};
    const Location header{Location::Region::Name, name, -8};
    EXPECT_EQ(places.locate(0, pagesim::VirtAddr{start}), first);
    EXPECT_EQ(places.locate(0, pagesim::VirtAddr{start + length - 1}), last);
    EXPECT_EQ(places.locate(0, pagesim::VirtAddr{start - 8}), header);
  }
}

}  // namespace
}  // namespace tools::run
