// What is kept of an area is what a heap's reader asks for, wherever its chunks lie.
#include "tools/inspect/skim.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tools::inspect {
namespace {

using pagesim::VirtAddr;

constexpr std::size_t kPages = 200, kBytes = kPages * kPage;
constexpr VirtAddr kBegin{0x10000000};

/// Bytes of an area, and what of them is kept, looked at a few pages at a time.
struct Area {
  std::vector<std::byte> bytes = std::vector<std::byte>(kBytes);
  std::mt19937 random;

  explicit Area(unsigned seed) : random{seed} {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  }
  void set_head(std::size_t at, std::uint64_t head) {
    std::memcpy(bytes.data() + at + 8, &head, sizeof head);
  }
  /// Chunk after chunk up to `end`; where they begin.
  std::vector<std::size_t> fill_with_chunks(std::size_t end = kBytes) {
    std::vector<std::size_t> starts;
    for (std::size_t at = 0; at < end;) {
      std::size_t size = 32 + random() % 4000 / 16 * 16;
      if (end - at < size + 32) size = end - at;
      set_head(at, size | 1);
      starts.push_back(at);
      at += size;
    }
    return starts;
  }
  [[nodiscard]] SparseBytes skimmed() {
    Skim skim{kBegin, kBegin + kBytes};
    SparseBytes kept{kPages};
    for (std::size_t page = 0; page < kPages;) {
      const std::size_t pages = std::min<std::size_t>(1 + random() % 9, kPages - page);
      skim.look(page, bytes.data() + page * kPage, pages);
      for (const std::size_t end = page + pages; page < end; ++page) {
        kept.keep(page, bytes.data() + page * kPage, skim.lines(page));
      }
    }
    return kept;
  }
  void expect_kept(const SparseBytes& kept, std::size_t at, std::size_t size) const {
    std::vector<std::byte> read(std::min(size, kBytes - at));
    kept.read(at, read.data(), read.size());
    EXPECT_TRUE(std::equal(read.begin(), read.end(), bytes.begin() + static_cast<long>(at))) << at;
  }
};

std::size_t lines_of(const SparseBytes& kept) {
  std::size_t lines = 0;
  for (std::size_t page = 0; page < kPages; ++page) lines += __builtin_popcountll(kept.kept(page));
  return lines;
}

TEST(SkimTest, HeadersAndLinksOfAHeapAreKeptAndLittleElse) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Area area{seed};
    const std::vector<std::size_t> starts = area.fill_with_chunks();
    const SparseBytes kept = area.skimmed();
    for (const std::size_t at : starts) area.expect_kept(kept, at, 48);
    EXPECT_LT(lines_of(kept), kPages * 64 / 4);
  }
}

TEST(SkimTest, AllBehindABrokenChunkIsKept) {
  Area area{1};
  const std::vector<std::size_t> starts = area.fill_with_chunks();
  const std::size_t broken = starts[starts.size() / 2];
  area.set_head(broken, 8);
  area.expect_kept(area.skimmed(), broken, kBytes - broken);
}

TEST(SkimTest, AllOfAnAreaIsKeptThatIsNoHeap) {
  Area area{2};
  area.set_head(0, 0);
  area.expect_kept(area.skimmed(), 0, kBytes);
}

TEST(SkimTest, AllIsKeptBehindAHeaderThatWasNotThere) {
  Area area{3};
  area.fill_with_chunks();
  Skim skim{kBegin, kBegin + kBytes};
  skim.look(0, area.bytes.data(), 50);
  skim.look(60, area.bytes.data() + 60 * kPage, kPages - 60);
  EXPECT_NE(skim.lines(45), kAllLines);
  for (std::size_t page = 60; page < kPages; ++page) EXPECT_EQ(skim.lines(page), kAllLines) << page;
}

TEST(SkimTest, ABlockThatMayBeAThreadsCacheIsKeptWhole) {
  for (const std::size_t size : {656u, 672u, 2704u, 2720u}) {
    Area area{4};
    const std::size_t at = area.fill_with_chunks(100 * kPage).back();
    area.set_head(at, 110 * kPage - at);
    area.set_head(110 * kPage, size | 1);
    area.set_head(110 * kPage + size, kBytes - 110 * kPage - size);
    area.expect_kept(area.skimmed(), 110 * kPage, size);
  }
}

TEST(SkimTest, BothEndsOfEveryPageAreKeptWhereMappedChunksMayLie) {
  Area area{5};
  area.set_head(0, kBytes | 2);
  const SparseBytes kept = area.skimmed();
  for (std::size_t page = 0; page < kPages; ++page) {
    area.expect_kept(kept, page * kPage, 16);
    area.expect_kept(kept, (page + 1) * kPage - 16, 16);
  }
}

TEST(SparseBytesTest, WhatIsNotKeptReadsAsZeros) {
  const Area area{6};
  SparseBytes kept{2};
  kept.keep(0, area.bytes.data(), kAllLines);
  kept.keep(1, area.bytes.data() + kPage, 0b110);
  std::vector<std::byte> read(2 * kPage);
  kept.read(0, read.data(), read.size());
  for (std::size_t at = 0; at < read.size(); ++at) {
    const bool there = at < kPage || (at >= kPage + kLine && at < kPage + 3 * kLine);
    ASSERT_EQ(read[at], there ? area.bytes[at] : std::byte{0}) << at;
  }
}

TEST(SparseBytesTest, APageKeptAgainIsTheNewOne) {
  const Area area{7};
  SparseBytes kept{1};
  kept.keep(0, area.bytes.data(), 1);
  kept.keep(0, area.bytes.data() + kPage, kAllLines);
  std::vector<std::byte> read(kPage);
  kept.read(0, read.data(), kPage);
  EXPECT_TRUE(std::equal(read.begin(), read.end(), area.bytes.begin() + kPage));
}

}  // namespace
}  // namespace tools::inspect
