// What tools/gdb/faultline.py says of a heap is what inspect reads of it: every chunk and every
// list.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <tuple>

#include "tests/tools/inspect/subject.h"
#include "tools/inspect/inspection.h"

namespace tools::inspect {
namespace {

struct SeenHeap {
  std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> chunks;  ///< size and state
  std::map<std::string, std::size_t> lists;  ///< chunks by kind and number
  std::map<std::string, std::uint64_t> thresholds;
};

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const out = ::popen(command.c_str(), "r");
  for (int c = 0; (c = std::fgetc(out)) != EOF;) text += static_cast<char>(c);
  ::pclose(out);
  return text;
}

/// "  0x4e0290     656 in use", "fast 3: 7 chunks: 0x...", "top_pad    131072".
SeenHeap parse(const std::string& text) {
  SeenHeap seen;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    unsigned long at = 0, size = 0;
    int behind = 0;
    if (std::sscanf(line.c_str(), "  %lx %lu %n", &at, &size, &behind) == 2 && behind > 0) {
      seen.chunks[at] = {size, line.substr(static_cast<std::size_t>(behind))};
    }
    const auto colon = line.find(": ");
    if (colon != std::string::npos &&
        std::sscanf(line.c_str() + colon, ": %lu chunks:%n", &size, &behind) == 1) {
      if (line.find("chunks: ") != std::string::npos) seen.lists[line.substr(0, colon)] = size;
    }
    for (const char* const name : {"trim_threshold", "top_pad", "mmap_threshold"}) {
      if (line.starts_with(name)) {
        seen.thresholds[name] = std::strtoull(line.c_str() + std::string{name}.size(), nullptr, 10);
      }
    }
  }
  return seen;
}

SeenHeap of_inspection(const Inspection& inspection) {
  SeenHeap seen;
  for (const heap::Region& region : inspection.picture.regions) {
    for (const heap::Chunk& chunk : region.chunks) {
      std::string state{heap::to_string(chunk.state)};
      const auto bin = state.find(" bin");
      if (bin != std::string::npos) state.resize(bin);
      if (!region.mapped) seen.chunks[chunk.at.raw()] = {chunk.size, state};
    }
  }
  for (const heap::List& list : inspection.picture.lists) {
    seen.lists[std::string{heap::to_string(list.kind)} + " " + std::to_string(list.number)] +=
        list.chunks.size();
  }
  const heap::Thresholds& thresholds = inspection.picture.thresholds;
  seen.thresholds = {{"trim_threshold", thresholds.trim_threshold.value()},
                     {"top_pad", thresholds.top_pad.value()},
                     {"mmap_threshold", thresholds.mmap_threshold.value()}};
  return seen;
}

class HeapInGdbTest : public testing::TestWithParam<const char*> {};

TEST_P(HeapInGdbTest, HasTheChunksListsAndThresholdsThatInspectReads) {
  if (std::system("gdb --version >/dev/null 2>&1") != 0) {  // NOLINT(cert-env33-c): our own words
    GTEST_SKIP() << "no gdb (package gdb)";
  }
  using Program = std::tuple<const char*, const char*>;  // seed and threads
  for (const auto& [seed, threads] : {Program{"21", "1"}, {"22", "1"}, {"23", "3"}}) {
    SCOPED_TRACE(seed);
    const Subject subject{GetParam(), {seed, "3000", threads}};
    const std::string text =
        output_of("gdb -batch -nx -p " + subject.number() +
                  " -ex 'source " GDB_COMMANDS "' -ex 'faultline-heap chunks' 2>&1");
    if (text.find("Operation not permitted") != std::string::npos) {
      GTEST_SKIP() << "gdb may not attach to a process here (kernel.yama.ptrace_scope)";
    }
    const SeenHeap seen = parse(text), expected = of_inspection(inspect(subject.number()));
    ASSERT_GT(expected.chunks.size(), 50u);
    ASSERT_GT(expected.lists.size(), 3u);
    EXPECT_EQ(seen.chunks, expected.chunks) << text.substr(0, 2000);
    EXPECT_EQ(seen.lists, expected.lists);
    EXPECT_EQ(seen.thresholds, expected.thresholds);
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, HeapInGdbTest,
                         testing::Values(PTMALLOC_LIBRARY, FAULTLINE_LIBRARY),
                         [](const auto& which) {
                           return which.index == 0 ? "ptmalloc" : "faultline";
                         });

}  // namespace
}  // namespace tools::inspect
