// Expectations: each kind holds where it should and breaks where it should.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/run/compare_runs.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

std::vector<std::string> broken(const std::string& text) {
  const script::Program program = script::parse(text, "test.fl");
  RunOptions options;
  options.with_rss = expects_rss(program);
  const RunOutcome outcome = SimRunner{}.run(program, options);
  std::vector<std::string> got;
  for (const BrokenExpectation& one : check_expectations(program, outcome)) got.push_back(one.got);
  return got;
}

using Words = std::vector<std::string>;
const std::string kMap = "A = mmap 4p anon private rw\n";

TEST(ExpectationTest, CountsAreChecked) {
  EXPECT_EQ(broken(kMap + "write A\nexpect minor 1 major 0\n"), Words{});
  EXPECT_EQ(broken(kMap + "write A\nexpect minor 2 major 1\n"), (Words{"minor 1", "major 0"}));
}

TEST(ExpectationTest, ResidentSetIsChecked) {
  EXPECT_EQ(broken(kMap + "write A\nexpect rss_anon +4K rss_file 0\n"), Words{});
  EXPECT_EQ(broken(kMap + "write A\nexpect rss_anon 0\n"), Words{"rss_anon 4096"});
}

TEST(ExpectationTest, SignalAndItsCodeAreChecked) {
  EXPECT_EQ(broken("read @8\nexpect signal SIGSEGV MAPERR\n"), Words{});
  EXPECT_EQ(broken("read @8\nexpect signal SIGSEGV ACCERR\n"), Words{"signal SIGSEGV MAPERR"});
  EXPECT_EQ(broken("read @8\nexpect signal none\n"), Words{"signal SIGSEGV MAPERR"});
  EXPECT_EQ(broken(kMap + "read A\nexpect signal SIGBUS\n"), Words{"signal none "});
}

TEST(ExpectationTest, FaultsAreCheckedInOrder) {
  const std::string run = kMap + "write A[0..1]\n";
  EXPECT_EQ(broken(run + "expect fault A write minor first_write\n"
                         "expect fault A[1] write minor first_write\n"),
            Words{});
  EXPECT_EQ(broken(run + "expect fault A[1] write minor first_write\n"),
            Words{"fault A write minor first_write"});
  EXPECT_EQ(broken(run + "expect fault A read minor zero_read\n"),
            Words{"fault A write minor first_write"});
  EXPECT_EQ(broken(kMap + "read A\nread A\nexpect fault A read minor zero_read\n"),
            Words{"no more faults"});
}

TEST(ExpectationTest, PageStatesAreChecked) {
  EXPECT_EQ(broken(kMap + "write A[1]\nexpect pages A - anon - -\n"), Words{});
  EXPECT_EQ(broken(kMap + "write A[1]\nexpect pages A anon\n"), Words{"pages absent"});
}

TEST(ExpectationTest, ReturnedValueAndErrorAreChecked) {
  const std::string run = "A = mmap 1p anon private r\nsys_read A 4K\n";
  EXPECT_EQ(broken(run + "expect returned -1 error EFAULT\n"), Words{});
  EXPECT_EQ(broken(run + "expect returned 4096 error none\n"),
            (Words{"returned -1", "error EFAULT"}));
}

TEST(ExpectationTest, ErrorCodeOfAFaultIsChecked) {
  const std::string run = kMap + "read A\nwrite A\n";
  EXPECT_EQ(broken(run + "expect fault A write minor zero_upgrade error_code 7\n"), Words{});
  EXPECT_EQ(broken(run + "expect fault A write minor zero_upgrade error_code 6\n"),
            Words{"fault A write minor zero_upgrade error_code 0x7"});
}

TEST(ExpectationTest, ReturnedAddressIsChecked) {
  const std::string run = "p = malloc 16\nq = malloc 16\n";
  EXPECT_EQ(broken(run + "expect at p+32\n"), Words{});
  EXPECT_EQ(broken(run + "expect at p+16\n"), Words{"at q"});
  EXPECT_EQ(broken("p = malloc 128T\nexpect at heap\n"), Words{"at null"});
}

TEST(ExpectationTest, PageTablesAreChecked) {
  const std::string run = "A = mmap 1G anon private rw at @0x200000000000 fixed\nwrite A\n";
  EXPECT_EQ(broken(run + "expect page_tables +12K\n"), Words{});
  EXPECT_EQ(broken(run + "expect page_tables 0\n"), Words{"page_tables 12288"});
}

TEST(ExpectationTest, LineOfAnEndedProcessBreaksItsExpectation) {
  EXPECT_EQ(broken("fork c\nc: read @8\nc: read @8\nexpect minor 0\n"),
            Words{"the line was not run: its process had ended"});
}

}  // namespace
}  // namespace tools::run
