// Tables and numbers as people read them.
#include "tools/report/table.h"

#include <gtest/gtest.h>

namespace tools::report {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table{{{"name", Align::Left}, {"minor"}}};
  table.add({"a", "1"});
  table.add({"longer name", "12,345"});
  EXPECT_EQ(table.to_text(),
            "name          minor\n"
            "a                 1\n"
            "longer name  12,345\n");
}

TEST(TableTest, WidthCountsCharactersNotBytes) {
  Table table{{{"a", Align::Left}, {"b"}}};
  table.add({"µs", "1"});
  table.add({"ab", "2"});
  EXPECT_EQ(table.to_text(), "a   b\nµs  1\nab  2\n");
}

TEST(TableTest, RowOfAnotherWidthIsRefused) {
  Table table{{{"a"}, {"b"}}};
  EXPECT_THROW(table.add({"1"}), std::logic_error);
}

TEST(GroupedTest, SeparatesThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(18446744073709551615u), "18,446,744,073,709,551,615");
  EXPECT_EQ(grouped_signed(-1234), "-1,234");
  EXPECT_EQ(grouped_signed(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(BytesTest, AreExactWhileSmall) {
  EXPECT_EQ(bytes(4096), "4,096 B");
  EXPECT_EQ(bytes(10 * 1024), "10.0 KiB");
  EXPECT_EQ(bytes(std::uint64_t{3} << 30), "3.0 GiB");
}

TEST(SecondsTest, PickTheUnit) {
  EXPECT_EQ(seconds(1.5), "1.50 s");
  EXPECT_EQ(seconds(0.0025), "2.50 ms");
  EXPECT_EQ(seconds(0.000007), "7 us");
}

}  // namespace
}  // namespace tools::report
