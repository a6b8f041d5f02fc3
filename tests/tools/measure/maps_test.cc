#include "tools/measure/maps.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace tools::measure {
namespace {

using pagesim::VirtAddr;

TEST(MapsTest, LineOfEachKindIsToldWhole) {
  const auto areas = parse_maps(
      "00400000-00401000 r-xp 00002000 fe:00 5                  /usr/bin/a program (deleted)\n"
      "00500000-00501000 rw-p 00000000 00:00 0                  [heap]\n"
      "7ffff000-80000000 rw-s 00000000 00:01 7 /dev/zero (deleted)\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"
      "00700000-00702000 ---p 00000000 00:00 0 ");
  const std::vector<MappedArea> expected{
      {VirtAddr{0x400000}, VirtAddr{0x401000}, true, false, false, 0x2000,
       "/usr/bin/a program (deleted)"},
      {VirtAddr{0x500000}, VirtAddr{0x501000}, true, true, false, 0, "[heap]"},
      {VirtAddr{0x7ffff000}, VirtAddr{0x80000000}, true, true, true, 0, "/dev/zero (deleted)"},
      {VirtAddr{0xffffffffff600000}, VirtAddr{0xffffffffff601000}, false, false, false, 0,
       "[vsyscall]"},
      {VirtAddr{0x700000}, VirtAddr{0x702000}, false, false, false, 0, ""}};
  EXPECT_EQ(areas, expected);
}

TEST(MapsTest, WhatIsNoLineIsLeftOut) {
  for (const char* text :
       {"", "\n\n", "400000", "400000-", "-", "40-50 r", "40-50 r--p", "40-50 r--p 0 fe:00",
        "4x-50 r--p 0 fe:00 5", "40-50 r--p z fe:00 5", "40-50 r--pp 0 fe:00 5"}) {
    EXPECT_TRUE(parse_maps(text).empty()) << text;
  }
  EXPECT_EQ(parse_maps("torn\n40-50 r--p 0 fe:00 5\nalso").size(), 1u);
}

TEST(MapsTest, MappingOfThisProcessIsFoundAsItWasMade) {
  std::string path = std::filesystem::temp_directory_path() / "a mapped file XXXXXX";
  const int fd = mkstemp(path.data());
  ASSERT_EQ(ftruncate(fd, 16384), 0);
  void* const at = mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 4096);
  ASSERT_NE(at, MAP_FAILED);
  const auto areas = read_maps(getpid());
  const auto begin = VirtAddr{reinterpret_cast<std::uint64_t>(at)};
  const MappedArea made{begin, begin + 8192, true, false, true, 4096, path};
  EXPECT_EQ(std::count(areas.begin(), areas.end(), made), 1);
  EXPECT_TRUE(std::is_sorted(areas.begin(), areas.end(),
                             [](const auto& a, const auto& b) { return a.begin < b.begin; }));
  munmap(at, 8192);
  close(fd);
  std::filesystem::remove(path);
}

TEST(MapsTest, ProcessThatIsNotHasNone) { EXPECT_TRUE(read_maps(-5).empty()); }

}  // namespace
}  // namespace tools::measure
