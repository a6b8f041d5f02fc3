// Reading GLIBC_TUNABLES.
#include "allocator/tunables.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace allocator {
namespace {

TEST(TunableNumberTest, ReadsEveryNumberInThreeBases) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random() >> (random() % 64);
    char text[64];
    std::snprintf(text, sizeof text, "0x%lx", value);
    ASSERT_EQ(tunable_number(text), value);
    std::snprintf(text, sizeof text, "0%lo", value);
    ASSERT_EQ(tunable_number(text), value);
    ASSERT_EQ(tunable_number(std::to_string(value)), value);
  }
}

TEST(TunableNumberTest, RefusesWhatIsNoNumberOrTooLarge) {
  for (const char* text : {"", "-", "0x", "12k", "1 ", "0x1g", "089", "18446744073709551616"}) {
    EXPECT_FALSE(tunable_number(text)) << text;
  }
  EXPECT_EQ(tunable_number("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(tunable_number("-1"), ~std::uint64_t{0});
}

TEST(FindTunableTest, FindsWholeNamesOnlyAndTheLastOfThem) {
  constexpr std::string_view kList =
      "glibc.malloc.tcache_max=24:glibc.cpu.hwcaps=x:glibc.malloc.tcache_count=3:"
      "glibc.malloc.tcache_max=100";
  EXPECT_EQ(find_tunable(kList, "tcache_max"), "100");
  EXPECT_EQ(find_tunable(kList, "tcache_count"), "3");
  EXPECT_FALSE(find_tunable(kList, "tcache"));
  EXPECT_FALSE(find_tunable(kList, "hwcaps"));
  EXPECT_FALSE(find_tunable("", "tcache_max"));
}

TEST(FindTunableTest, SurvivesAnyText) {
  std::mt19937 random{11};
  constexpr std::string_view kParts[] = {"glibc.malloc.", "mxfast", "=", ":", "::", "1", "="};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n) text += kParts[random() % std::size(kParts)];
    const auto found = find_tunable(text, "mxfast");
    if (found) {
      ASSERT_NE(text.find("glibc.malloc.mxfast=" + std::string{*found}), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace allocator
