// One thread's own page faults through perf.
#include "tools/measure/fault_events.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <vector>

#include "tools/measure/page_map.h"
#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

constexpr std::size_t kPage = 4096;

class FaultEventsTest : public testing::Test {
 protected:
  void SetUp() override {
    FaultSources sources;
    sources.ring_pages = 16;  // some 1000 faults
    const int refused = events_.open(sources);
    if (refused == EACCES || refused == EPERM || refused == ENOSYS)
      GTEST_SKIP() << "perf_event_open is not allowed here";
    ASSERT_EQ(refused, 0);
    events_.touch();
    memory_ = static_cast<char*>(
        mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    madvise(memory_, kPages * kPage, MADV_NOHUGEPAGE);
  }
  void TearDown() override {
    if (memory_ != nullptr) munmap(memory_, kPages * kPage);
    events_.close();
  }

  /// The events inside the test's own memory; the test program may fault elsewhere.
  std::vector<FaultEvent> drain() {
    std::vector<FaultEvent> mine;
    const auto begin = reinterpret_cast<std::uint64_t>(memory_);
    events_.drain([&](const FaultEvent& event) {
      if (event.address >= begin && event.address < begin + kPages * kPage) mine.push_back(event);
    });
    return mine;
  }

  static constexpr std::size_t kPages = 4096;
  FaultEvents events_;
  char* memory_ = nullptr;
};

TEST_F(FaultEventsTest, TellsTheExactByteOfEveryFault) {
  events_.skip();
  for (std::size_t i = 0; i < 8; ++i) static_cast<volatile char*>(memory_)[i * kPage + i] = 1;
  const auto events = drain();
  ASSERT_EQ(events.size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(events[i].address, reinterpret_cast<std::uint64_t>(memory_) + i * kPage + i);
    EXPECT_EQ(events[i].counted, FaultEvent::Counted::Minor);
    EXPECT_FALSE(events[i].kernel_mode);
  }
}

TEST_F(FaultEventsTest, SkippedFaultsAreGone) {
  static_cast<volatile char*>(memory_)[0] = 1;
  events_.skip();
  EXPECT_TRUE(drain().empty());
}

TEST_F(FaultEventsTest, CountsWhatTheRingCouldNotHold) {
  events_.skip();
  for (std::size_t i = 0; i < kPages; ++i) static_cast<volatile char*>(memory_)[i * kPage] = 1;
  EXPECT_LT(drain().size(), kPages);
  // The kernel writes how many were lost with the next event it can write.
  madvise(memory_, kPage, MADV_DONTNEED);
  static_cast<volatile char*>(memory_)[0] = 1;
  drain();
  EXPECT_GT(events_.lost(), 0u);
}

TEST(PageEntryTest, ReadsTheBitsOfThePageMap) {
  const PageEntry swapped{1ull << 62};
  EXPECT_TRUE(swapped.swapped());
  EXPECT_FALSE(swapped.present());
  EXPECT_EQ(swapped.frame(), 0u);
  const PageEntry present{1ull << 63 | 1ull << 61 | 1ull << 56 | 0x1234};
  EXPECT_TRUE(present.present() && present.file() && present.exclusive());
  EXPECT_EQ(present.frame(), 0x1234u);
  EXPECT_TRUE(PageEntry{1ull << 58}.guard());
}

TEST(PageMapTest, SeesAPageOfItsOwnProcess) {
  PageMap pagemap;
  ASSERT_EQ(pagemap.open("/proc/self/pagemap"), 0);
  int here = 1;
  const auto page = reinterpret_cast<std::uint64_t>(&here) / kPage;
  EXPECT_TRUE(PageEntry{pagemap.at(page)}.present());
  EXPECT_FALSE(PageEntry{pagemap.at(0)}.present());
  pagemap.close();
}

TEST(RawSyscallTest, ReturnsTheErrorAsANegativeNumber) {
  EXPECT_EQ(raw_syscall(SYS_close, -1), -EBADF);
}

}  // namespace
}  // namespace tools::measure
