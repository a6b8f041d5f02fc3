// faultline what-if from outside: each row is what replay says of the same machine and tunables.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/verbs/command_line.h"

namespace {

using nlohmann::json;
using tools::verbs::testing::Result;

class WhatIfTest : public tools::verbs::testing::CommandLineTest {
 protected:
  [[nodiscard]] std::vector<json> rows(const std::string& arguments, int status = 0) const {
    const Result result = run("what-if --format json " + arguments);
    EXPECT_EQ(result.status, status) << arguments << ": " << result.err;
    std::vector<json> all;
    std::istringstream in{result.out};
    for (std::string line; std::getline(in, line);) all.push_back(json::parse(line));
    return all;
  }

  void expect_row_of(const json& row, const std::string& replay_arguments) const {
    const Result replay = run("replay --on sim --format json " + replay_arguments);
    ASSERT_EQ(replay.status, 0) << replay_arguments << ": " << replay.err;
    const json totals = json::parse(replay.out)["totals"];
    for (const char* key : {"minor", "major", "by_cause", "by_writer", "peak_rss_kb"})
      EXPECT_EQ(row[key], totals[key]) << replay_arguments << ": " << key;
  }
};

/// Blocks of all sizes come, are written and go; a child writes what is left.
std::string random_script(unsigned seed) {
  std::mt19937 random{seed};
  std::string text;
  std::vector<int> live;
  for (int i = 0; i < 60; ++i) {
    if (live.size() > 4 && random() % 3 == 0) {
      const std::size_t gone = random() % live.size();
      text += "free b" + std::to_string(live[gone]) + "\n";
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(gone));
      continue;
    }
    const std::string name = "b" + std::to_string(i);
    text += name + " = malloc " + std::to_string(1 + random() % (1u << (4 + random() % 15))) + "\n";
    text += (random() % 2 == 0 ? "write " : "read ") + name + "[..]\n";
    live.push_back(i);
  }
  text += "fork child\n";
  for (const int i : live) text += "child: write b" + std::to_string(i) + "\n";
  return text;
}

constexpr const char* kKnobs[][2] = {
    {"M_TOP_PAD", "0"},
    {"M_MMAP_THRESHOLD", "4K"},
    {"M_TRIM_THRESHOLD", "64K"},
    {"glibc.malloc.tcache_count", "0"},
    {"glibc.malloc.arena_max", "1"},
    {"thp_enabled", "always"},
    {"thp_64k", "always"},
    {"zero_page", "0"},
    {"hardware_dirty", "off"},
    {"stack_limit_kib", "1024"},
};

TEST_F(WhatIfTest, EachRowEqualsReplayWithTheSameSetting) {
  for (unsigned seed = 1; seed <= 2; ++seed) {
    write("random.fl", random_script(seed));
    std::string vary = "--machine arm64-4k random.fl";
    for (const auto& [knob, value] : kKnobs) {
      const auto all = rows(vary + " --vary " + knob + "=" + value);
      ASSERT_EQ(all.size(), 2u);
      EXPECT_EQ(all[0]["base"], true);
      expect_row_of(all[0], "--machine arm64-4k random.fl");
      EXPECT_EQ(all[1]["knobs"][knob], value);
      expect_row_of(all[1],
                    std::string{"--machine arm64-4k random.fl --set "} + knob + "=" + value);
    }
  }
}

TEST_F(WhatIfTest, EveryCombinationIsARowInOrder) {
  write("random.fl", random_script(3));
  const auto all = rows("random.fl --vary machine=x86-64,arm64-64k --vary M_TOP_PAD=0,1M");
  ASSERT_EQ(all.size(), 5u);
  const char* const machines[] = {"x86-64", "x86-64", "arm64-64k", "arm64-64k"};
  const char* const pads[] = {"0", "1048576", "0", "1048576"};
  const std::int64_t base =
      all[0]["minor"].get<std::int64_t>() + all[0]["major"].get<std::int64_t>();
  for (std::size_t i = 0; i < 4; ++i) {
    expect_row_of(all[i + 1], std::string{"random.fl --machine "} + machines[i] +
                                  " --set glibc.malloc.top_pad=" + pads[i]);
    EXPECT_EQ(all[i + 1]["difference"], all[i + 1]["minor"].get<std::int64_t>() +
                                            all[i + 1]["major"].get<std::int64_t>() - base);
  }
}

TEST_F(WhatIfTest, ForkPointEqualsTheForkWrittenIntoTheScript) {
  const std::string head =
      "p = malloc 20000\nq = malloc 9\nfree q\nwrite p[..]\nr = calloc 1 9000\n";
  const std::string tail = "write p[..]\nfree r\n";
  write("plain.fl", head + tail);
  write("written.fl", head + "fork c\nc: write p[..]\nc: write r[..]\n" + tail);
  write("read.fl", head + "fork c\nc: read p[..]\nc: read r[..]\n" + tail);
  write("idle.fl", head + "fork c\n" + tail);
  const char* const scripts[] = {"written.fl", "read.fl", "idle.fl"};
  for (const char* where : {"fork_after_line=5", "fork_after_op=5"}) {
    const auto all =
        rows(std::string{"plain.fl --vary "} + where + " --vary fork_child=write,read,none");
    ASSERT_EQ(all.size(), 4u);
    expect_row_of(all[0], "plain.fl");
    for (std::size_t i = 0; i < 3; ++i) expect_row_of(all[i + 1], scripts[i]);
  }
  EXPECT_GT(rows("plain.fl --vary fork_after_line=5")[1]["difference"], 0);
}

TEST_F(WhatIfTest, TraceTouchesAndProcessesAreReplayed) {
  ASSERT_EQ(run("record -q -o t -- /bin/sh -c 'x=1; echo $x'").status, 0);
  const auto all = rows("t --vary touch=none,all");
  ASSERT_EQ(all.size(), 3u);
  expect_row_of(all[1], "t --touch none");
  expect_row_of(all[2], "t --touch all");
}

TEST_F(WhatIfTest, RunThatEndsEarlyIsARow) {
  write("big.fl", "A = mmap 64M anon private rw noreserve\nwrite A[..]\n");
  const auto all = rows("big.fl --vary memory_mib=16,256");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1]["end"], "out of memory, line 2");
  EXPECT_EQ(all[2]["end"], nullptr);
  write("signal.fl", "p = malloc 8\nwrite @0x8\n");
  EXPECT_EQ(rows("signal.fl --vary seed=1")[1]["end"], "SIGSEGV MAPERR, line 2");
}

TEST_F(WhatIfTest, RowThatCannotBeRunHasNoNumbers) {
  write("heap.fl", "p = malloc 10\n");
  const auto all = rows("heap.fl --vary machine=i386,arm64-4k", 3);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1]["ran"], false);
  EXPECT_EQ(all[1]["minor"], nullptr);
  EXPECT_NE(all[1]["end"].get<std::string>().find("words of 8 bytes"), std::string::npos);
  EXPECT_EQ(all[2]["ran"], true);
  const Result table = run("what-if heap.fl --vary machine=i386");
  EXPECT_NE(table.out.find("i386"), std::string::npos);
  const Result csv = run("what-if --format csv heap.fl --vary machine=i386,arm64-4k");
  std::istringstream in{csv.out};
  std::string head, line;
  std::getline(in, head);
  const auto commas = std::count(head.begin(), head.end(), ',');
  while (std::getline(in, line)) {
    std::string outside;
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (!quoted) outside += c;
    }
    EXPECT_EQ(std::count(outside.begin(), outside.end(), ','), commas) << line;
  }
}

TEST_F(WhatIfTest, VariesTheAllocatorAndFaultlinesPolicy) {
  write("large.fl", "p = malloc 8000000\nwrite p[..]\nfree p\nq = malloc 24\n");
  const auto allocators = rows("large.fl --vary allocator=ptmalloc,faultline");
  ASSERT_EQ(allocators.size(), 3u);
  expect_row_of(allocators[1], "large.fl");
  expect_row_of(allocators[2], "large.fl --allocator faultline");
  const auto policies = rows("large.fl --allocator faultline --vary FAULTLINE_HUGE=0");
  ASSERT_EQ(policies.size(), 2u);
  EXPECT_GT(policies[0]["by_cause"].value("huge_first_write", 0), 0);
  EXPECT_EQ(policies[1]["by_cause"].value("huge_first_write", 0), 0);
  expect_row_of(policies[1], "large.fl --allocator faultline --set FAULTLINE_HUGE=0");
}

TEST_F(WhatIfTest, BadVariationIsRefusedInOneSentenceBeforeAnyRow) {
  write("p.fl", "p = malloc 10\nfree p\n");
  expect_refused("what-if p.fl --vary top_pad=1", "M_TOP_PAD");
  expect_refused("what-if p.fl --vary thp_enable=always", "thp_enabled");
  expect_refused("what-if p.fl --vary thp_enabled=never,often", "never, madvise, always");
  expect_refused("what-if p.fl --vary M_MXFAST=0,161", "from 0 to 160");
  expect_refused("what-if p.fl --vary M_PERTURB=-1", "from 0 to 255");
  expect_refused("what-if p.fl --vary tlb_sets=4,3", "power of two");
  expect_refused("what-if p.fl --vary machine=vax", "arm64-64k");
  expect_refused("what-if p.fl --vary kernel=6", "linux-VERSION");
  expect_refused("what-if p.fl --vary fork_after_line=1,3", "from 1 to 2");
  expect_refused("what-if p.fl --vary fork_after_op=3", "from 1 to 2");
  expect_refused("what-if p.fl --vary fork_child=read", "fork_after_line");
  expect_refused("what-if p.fl --vary seed=1 --vary seed=2", "twice");
  expect_refused("what-if p.fl --vary seed", "KNOB=VALUE");
  expect_refused("what-if p.fl --vary FAULTLINE_HUGE=0", "--allocator faultline");
  expect_refused("what-if p.fl --allocator glibc --vary seed=1", "ptmalloc and faultline");
  expect_refused("what-if p.fl", "--vary");
  EXPECT_NE(run("what-if --knobs").out.find("glibc.malloc.tcache_count"), std::string::npos);
}

TEST_F(WhatIfTest, TunablesHoldOnThisKernelToo) {
  write("blocks.fl", "p = malloc 5000\nwrite p[..]\nq = malloc 5000\nwrite q[..]\nfree p\n");
  for (const char* setting : {"M_MMAP_THRESHOLD=4096", "glibc.malloc.top_pad=0"}) {
    const Result verified = run(std::string{"verify --set "} + setting + " blocks.fl");
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
  for (const char* setting : {"FAULTLINE_LISTS=0", "FAULTLINE_HUGE=0"}) {
    const Result verified =
        run(std::string{"verify --allocator faultline --set "} + setting + " blocks.fl");
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
  write("idle.fl", "p = malloc 50000\n");
  const auto minor = [this](const std::string& more) {
    const Result replay = run("replay --on kernel --format json idle.fl " + more);
    return json::parse(replay.out)["totals"]["minor"].get<int>();
  };
  EXPECT_GT(minor("--set M_PERTURB=85"), minor("") + 10) << "malloc fills the block";
}

}  // namespace
