// What the running kernel's files say becomes the simulated machine's settings.
#include "tools/run/running_kernel.h"

#include <gtest/gtest.h>

#include "tools/measure/rights.h"

namespace tools::run {
namespace {

using pagesim::kernel::Profile;
using pagesim::kernel::SwapDevice;
using pagesim::kernel::ThpMode;

constexpr const char* kHeads = "Filename\tType\tSize\tUsed\tPriority\n";

bool has_heads(const std::string& path) { return path == "/dev/sda2"; }

SwapDevice device_of(const std::string& lines) { return swap_device(kHeads + lines, has_heads); }

TEST(RunningKernelTest, TheWordInBracketsIsTheMode) {
  EXPECT_EQ(thp_mode("always [madvise] never", ThpMode::Never), ThpMode::Madvise);
  EXPECT_EQ(thp_mode("[always] inherit madvise never", ThpMode::Never), ThpMode::Always);
  EXPECT_EQ(thp_mode("always [inherit] madvise never", ThpMode::Never), ThpMode::Inherit);
  EXPECT_EQ(thp_mode("", ThpMode::Always), ThpMode::Always);
}

TEST(RunningKernelTest, TheSwapAreaOfTheHighestPriorityCounts) {
  EXPECT_EQ(device_of(""), SwapDevice::None);
  EXPECT_EQ(device_of("/dev/sda2 partition 9 0 -2\n"), SwapDevice::Disk);
  EXPECT_EQ(device_of("/dev/nvme0n1p3 partition 9 0 -2\n"), SwapDevice::Ssd);
  EXPECT_EQ(device_of("/dev/sda2 partition 9 0 -2\n/dev/zram0 partition 9 0 100\n"),
            SwapDevice::Zram);
  EXPECT_EQ(device_of("/dev/zram0 partition 9 0 -3\n/swapfile file 9 0 -2\n"), SwapDevice::Ssd);
}

TEST(RunningKernelTest, TakesTheValuesThisKernelShows) {
  Profile profile;
  profile.max_map_count = 1;
  read_settings(profile);
  EXPECT_EQ(std::to_string(profile.max_map_count),
            measure::read_file("/proc/sys/vm/max_map_count"));
  EXPECT_EQ(std::to_string(profile.page_cluster), measure::read_file("/proc/sys/vm/page-cluster"));
  EXPECT_EQ(std::to_string(profile.overcommit_memory),
            measure::read_file("/proc/sys/vm/overcommit_memory"));
  if (const std::string file = read_ahead_file(); !file.empty()) {
    EXPECT_EQ(std::to_string(profile.read_ahead_kb), measure::read_file(file));
  }
}

}  // namespace
}  // namespace tools::run
