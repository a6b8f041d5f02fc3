// Reading the resident set.
#include "tools/measure/proc_status.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <string_view>

namespace tools::measure {
namespace {

constexpr std::string_view kText = "Name:\tx\nVmHWM:\t    1234 kB\nRssAnon:\t 8 kB\n";

TEST(StatusBytesTest, ReadsALineByItsWholeName) {
  EXPECT_EQ(status_bytes(kText.data(), kText.size(), "VmHWM"), 1234 * 1024);
  EXPECT_EQ(status_bytes(kText.data(), kText.size(), "RssAnon"), 8 * 1024);
}

TEST(StatusBytesTest, ALineThatIsNotThereIsNotZero) {
  EXPECT_EQ(status_bytes(kText.data(), kText.size(), "RssFile"), -1);
  EXPECT_EQ(status_bytes(kText.data(), kText.size(), "Rss"), -1);
}

TEST(ProcStatusTest, SeesMemoryThatWasWritten) {
  constexpr std::size_t kBytes = 64u << 20;
  ProcStatus status;
  ASSERT_EQ(status.open(), 0);
  auto* const memory = static_cast<volatile char*>(
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const std::int64_t before = status.rss().anon;
  for (std::size_t at = 0; at < kBytes; at += 4096) memory[at] = 1;
  EXPECT_GE(status.rss().anon - before, static_cast<std::int64_t>(kBytes));
  EXPECT_GE(status.peak_rss(), status.rss().anon);
  munmap(const_cast<char*>(memory), kBytes);
  status.close();
}

}  // namespace
}  // namespace tools::measure
