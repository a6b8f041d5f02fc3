// Large folios in the page cache: how they come about, are mapped, and fall apart.
#include <gtest/gtest.h>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

struct LargeFolioTest : testing::Test {
  World world;

  std::shared_ptr<kernel::File> bulk_file(std::size_t pages) {
    return world.machine.create_bulk_file("f", pages * kPage);
  }
  VirtAddr map_file(const std::shared_ptr<kernel::File>& file, int type, std::size_t pages) {
    return *world.task.mmap(kFarAway, pages * kPage, kReadWrite, type | MAP_FIXED, file);
  }
  [[nodiscard]] std::int64_t mapped_pages() const { return world.task.rss().file / 4096; }
};

TEST_F(LargeFolioTest, OneBigWriteMakesTheLargestFoliosThatFit) {
  const auto file = bulk_file(1000);
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t page = 0; page < 1000; page += sizes.back())
    sizes.push_back(file->folio_of(page).pages);
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{512, 256, 128, 64, 32, 8}));
}

TEST_F(LargeFolioTest, ReadsAheadGrowTheirFoliosFourfold) {
  const auto file = world.machine.create_file("f", 300 * kPage);
  world.machine.evict(*file);
  const VirtAddr a = map_file(file, MAP_PRIVATE, 300);
  for (const std::size_t page : {0, 24, 32, 64, 96}) read(world.task, a + page * kPage);
  EXPECT_EQ(file->folio_of(31).pages, 1u);
  EXPECT_EQ(file->folio_of(40).pages, 4u);
  EXPECT_EQ(file->folio_of(64).pages, 16u);
  EXPECT_EQ(file->folio_of(96).pages, 32u);
  EXPECT_TRUE(file->has_readahead_mark(128));
}

TEST_F(LargeFolioTest, OneFaultMapsAWholeFolioInsideTheFile) {
  const VirtAddr a = map_file(bulk_file(200), MAP_PRIVATE, 200);
  read(world.task, a + 130 * kPage);
  EXPECT_EQ(mapped_pages(), 64);
}

TEST_F(LargeFolioTest, AFolioBeyondTheAreaIsMappedByTheWindow) {
  const VirtAddr a = map_file(bulk_file(200), MAP_PRIVATE, 20);
  read(world.task, a);
  EXPECT_EQ(mapped_pages(), 16);
}

TEST_F(LargeFolioTest, TruncatingIntoAFolioUnmapsAllOfIt) {
  const auto file = bulk_file(64);
  const VirtAddr a = map_file(file, MAP_SHARED, 64);
  read(world.task, a);
  world.machine.truncate(*file, 20 * kPage);
  EXPECT_EQ(mapped_pages(), 0);
  EXPECT_EQ(file->folio_of(5).pages, 1u);
}

TEST_F(LargeFolioTest, PagingOutAPartOfAFolioOnlySplitsIt) {
  const auto file = bulk_file(64);
  const VirtAddr a = map_file(file, MAP_PRIVATE, 64);
  read(world.task, a);
  ASSERT_TRUE(world.task.madvise(a, 4 * kPage, kMadvPageout));
  EXPECT_EQ(mapped_pages(), 0);
  EXPECT_EQ(file->cached_runs().size(), 1u);
  EXPECT_EQ(file->folio_of(0).pages, 1u);
}

TEST_F(LargeFolioTest, AFolioWithAMappedPageIsNotEvicted) {
  const auto file = bulk_file(200);
  map_file(file, MAP_PRIVATE, 200);
  read(world.task, kFarAway + 130 * kPage);
  world.machine.evict(*file);
  EXPECT_EQ(file->cached_runs(),
            (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{128, 191}}));
}

}  // namespace
}  // namespace pagesim::test
