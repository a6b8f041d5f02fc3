// faultline compare from outside, over small programs of ours.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

TEST_F(CompareTest, CountsThePagesAProgramTouches) {
  const json few = run_json("--allocators glibc --runs 3 -- " TOUCH " 0");
  const json many = run_json("--allocators glibc --runs 3 -- " TOUCH " 5000");
  const auto median = [](const json& of, const char* key) {
    return of["allocators"][0][key]["median"].get<double>();
  };
  EXPECT_NEAR(median(many, "minor") - median(few, "minor"), 5000, 15);
  EXPECT_NEAR(median(many, "peak_rss_kb") - median(few, "peak_rss_kb"), 20'000, 500);
  EXPECT_EQ(many["runs"], 3);
  EXPECT_TRUE(many["allocators"][0]["minor"]["interval_95"].is_null()) << "3 runs have none";
  EXPECT_TRUE(many["allocators"][0]["library"].is_null());
}

TEST_F(CompareTest, TheProgramRunsUnderEachAllocator) {
  const json found = run_json("--runs 2 --keep-output kept -- /bin/cat /proc/self/maps");
  ASSERT_GE(found["allocators"].size(), 2u);
  EXPECT_EQ(found["allocators"][0]["name"], "glibc");
  EXPECT_EQ(found["allocators"][1]["name"], "ptmalloc");
  for (const json& allocator : found["allocators"]) {
    const std::string name = allocator["name"];
    for (const char* run : {"-1.out", "-2.out"}) {
      const std::string maps = text_of(folder_ + "/kept/" + name + run);
      ASSERT_NE(maps, "") << name;
      if (!allocator["library"].is_null()) {
        EXPECT_NE(maps.find(allocator["library"].get<std::string>()), std::string::npos) << name;
      }
    }
  }
}

TEST_F(CompareTest, OneBadRunDoesNotLoseTheOthers) {
  // Fails where a library is preloaded, hangs on the second run without.
  const std::string script =
      "'if [ -n \"$LD_PRELOAD\" ]; then kill -ABRT $$; fi; echo x >>count; "
      "if [ $(wc -l <count) = 2 ]; then sleep 60; fi'";
  const json found = run_json(
      "--allocators glibc,ptmalloc --no-warm-up --runs 3 --timeout 1 -- /bin/sh -c " + script);
  const json& glibc = found["allocators"][0];
  EXPECT_EQ(glibc["status"], "1 of 3: timed out");
  EXPECT_EQ(glibc["good_runs"], 2);
  EXPECT_FALSE(glibc["minor"].is_null());
  const json& ptmalloc = found["allocators"][1];
  EXPECT_EQ(ptmalloc["status"], "3 of 3: SIGABRT");
  EXPECT_TRUE(ptmalloc["minor"].is_null());
}

TEST_F(CompareTest, AnExpectedStatusIsGood) {
  EXPECT_EQ(run("--allocators glibc --runs 1 -- /bin/sh -c 'exit 4'").status, 1);
  EXPECT_EQ(run("--allocators glibc --runs 1 --expect-status 4 -- /bin/sh -c 'exit 4'").status, 0);
}

TEST_F(PayerTest, HeadersOfUntouchedBlocksAreMallocs) {
  for (const char* allocator : {"glibc", "ptmalloc"}) {
    EXPECT_NEAR(more(allocator, "malloc", 20'000, "by_payer", "malloc"), 20'000 * 1040.0 / 4096, 60)
        << allocator;
    EXPECT_NEAR(more(allocator, "malloc", 20'000, "by_region", "brk_heap"), 20'000 * 1040.0 / 4096,
                60)
        << allocator;
  }
}

TEST_F(PayerTest, ClearingIsCallocsAlthoughMemsetFaults) {
  EXPECT_NEAR(more("ptmalloc", "calloc", 3000, "by_payer", "malloc"), 3000, 30);
}

TEST_F(PayerTest, WhatTheProgramWritesItPays) {
  for (const char* allocator : {"glibc", "ptmalloc"}) {
    EXPECT_NEAR(more(allocator, "write", 3000, "by_payer", "program"), 3000, 30) << allocator;
    EXPECT_NEAR(more(allocator, "write", 3000, "by_region", "anonymous"), 3000, 30) << allocator;
  }
}

TEST_F(PayerTest, ChildrenAndThreadsAreFollowed) {
  EXPECT_GE(more("glibc", "fork", 100, "by_region", "brk_heap"), 100);
  EXPECT_NEAR(more("glibc", "threads", 400, "by_region", "thread_stack"), 4 * 400, 40);
}

TEST_F(PayerTest, OnlyTheKernelsOwnFaultsAreLeftOver) {
  // exec's and the system calls' alone: some dozens
  const json found = typical("glibc", "write", 20'000);
  EXPECT_GE(found["by_payer"]["kernel"], 0);
  EXPECT_LE(found["by_payer"]["kernel"], 60);
}

TEST_F(PayerTest, AccessesThatEndInASignalAreNotCounted) {
  EXPECT_NEAR(more("glibc", "signals", 500, "by_payer", "program"), 0, 20);
}

TEST_F(CompareTest, BadInputIsRefusedInOneSentence) {
  const auto refused = [&](const std::string& arguments, const std::string& sentence) {
    const Result result = run(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_NE(result.err.find(sentence), std::string::npos) << arguments << ": " << result.err;
  };
  refused("--allocators nosuch -- true", "nosuch");
  refused("--allocators glibc,glibc -- true", "named twice");
  refused("--runs 0 -- true", "--runs");
  refused("-- no-such-program", "no-such-program");
  refused("", "program is required");
}

}  // namespace
}  // namespace tools::compare
