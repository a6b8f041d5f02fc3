// Writers of real faults, as faultline compare tells them, beside the simulated ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/tools/compare/compare_fixture.h"
#include "tools/compare/writer_code.h"

namespace tools::compare {
namespace {

using allocator::Writer;

/// Writers by page of the heap, in the order of time on each page.
using PageWriters = std::map<std::uint64_t, std::vector<std::string>>;

struct HeapFault {
  std::uint64_t address;
  std::string writer;
};

/// Pages are counted from the lowest that faulted.
PageWriters by_page(const std::vector<HeapFault>& faults) {
  constexpr std::uint64_t kPage = 4096;
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const HeapFault& fault : faults) lowest = std::min(lowest, fault.address / kPage);
  PageWriters pages;
  for (const HeapFault& fault : faults) {
    pages[fault.address / kPage - lowest].push_back(fault.writer);
  }
  return pages;
}

class WritersTest : public PayerTest {
 protected:
  [[nodiscard]] PageWriters real(const std::string& program) const {
    const json trace = json::parse(
        run("--runs 1 --no-warm-up --allocators ptmalloc --format chrome -- " + program).out);
    std::vector<HeapFault> faults;
    for (const json& event : trace["traceEvents"]) {
      if (event.value("cat", "") != "malloc" || event["args"]["region"] != "brk_heap") continue;
      faults.push_back({std::stoull(event["args"]["address"].get<std::string>(), nullptr, 16),
                        event["args"]["writer"].is_null()
                            ? "unknown"
                            : event["args"]["writer"].get<std::string>()});
    }
    return by_page(faults);
  }

  /// The recorded calls of the same program, replayed; it touches nothing itself.
  [[nodiscard]] PageWriters simulated(const std::string& program) const {
    const std::string command = "cd " + folder_ + " && " FAULTLINE_PROGRAM " record -o trace -- " +
                                program +
                                " >/dev/null 2>&1 && " FAULTLINE_PROGRAM
                                " replay trace --on sim --touch none --format json -o sim.json";
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): our own words
    const json replayed = json::parse(text_of(folder_ + "/sim.json"));
    std::vector<HeapFault> faults;
    for (const json& op : replayed["ops"]) {
      for (const json& fault : op["faults"]) {
        if (fault["writer"] == "arena_record") continue;  // not in the heap
        faults.push_back({std::stoull(fault["address"].get<std::string>(), nullptr, 16),
                          fault["writer"].get<std::string>()});
      }
    }
    return by_page(faults);
  }
};

TEST_F(WritersTest, EachFaultOfAHeapHasTheWriterItHasOnTheSimulatedMachine) {
  const std::string program = PAYER " blocks 4000";
  const PageWriters here = real(program), there = simulated(program);
  EXPECT_GT(there.size(), 150u);
  EXPECT_EQ(here, there);
}

TEST_F(WritersTest, WritersSumUpToAllFaults) {
  for (const char* allocator : {"glibc", "ptmalloc", "faultline"}) {
    const json run = typical(allocator, "blocks", 2000);
    EXPECT_EQ(sum(run["by_writer"]), run["minor"].get<int>() + run["major"].get<int>());
    EXPECT_EQ(run["by_writer"]["user"], run["by_payer"]["program"]) << allocator;
    EXPECT_EQ(run["by_writer"]["kernel"], run["by_payer"]["kernel"]) << allocator;
  }
}

TEST_F(WritersTest, OfGlibcNoWriterIsKnown) {
  const json run = typical("glibc", "malloc", 2000);
  EXPECT_EQ(run["by_writer"]["unknown"], run["by_payer"]["malloc"]);
}

TEST_F(WritersTest, TheTunedAllocatorsWritersAreKnown) {
  const json cleared = typical("faultline", "calloc", 500);  // more would be huge pages
  EXPECT_NEAR(cleared["by_writer"].value("calloc_clear", 0), 500, 20);
  const json run = typical("faultline", "blocks", 4000);
  EXPECT_LE(run["by_writer"].value("unknown", 0), 10) << run["by_writer"];
}

TEST_F(WritersTest, ClearingIsCallocsWhereItJumpsToMemset) {
  EXPECT_NEAR(more("glibc", "calloc", 3000, "by_payer", "malloc"), 3000, 30);
}

TEST_F(WritersTest, TheForkBillCountsWhatMetadataAloneCopied) {
  const json bill = typical("ptmalloc", "inherit", 300)["fork_bill"];
  EXPECT_NEAR(bill["copied_by_malloc"].get<int>(), 600, 15);
  EXPECT_EQ(typical("ptmalloc", "malloc", 0)["fork_bill"]["copied_by_metadata"], 0);
}

TEST_F(WritersTest, StoresOfForkHandlersAreToTheAllocatorsRecords) {
  for (const char* allocator : {"ptmalloc", "faultline"})  // what is left: a page of its code
    EXPECT_LE(more(allocator, "fork", 100, "by_writer", "unknown"), 100 + 10) << allocator;
}

TEST(WriterOfCodeTest, TheInnermostAccessorTells) {
  const auto of = [](std::vector<std::string> functions) { return writer_of_code(functions); };
  const std::string store = "void allocator::RealMemory::store<unsigned long>";
  const std::string set =
      "void allocator::View<allocator::ProcessMemory>::set<unsigned long, 8ul, "
      "(allocator::Writer)4>";
  const std::string fill = "allocator::RealMemory::fill";
  EXPECT_EQ(of({store, set, "main"}), Writer::TopHeader);
  EXPECT_EQ(of({"allocator::Chunk<allocator::ProcessMemory>::set_foot"}), Writer::PrevSize);
  EXPECT_EQ(of({"allocator::Tcache<allocator::ProcessMemory>::set_count"}), Writer::TcacheBlock);
  EXPECT_EQ(of({fill, "allocator::Malloc<M, P>::clear_chunk"}), Writer::CallocClear);
  EXPECT_EQ(of({fill, "allocator::Core<M, P>::tcache_init"}), Writer::TcacheBlock);
  EXPECT_EQ(of({"main", set}), std::nullopt) << "what it was inlined into does not tell";
  EXPECT_EQ(of({}), std::nullopt);
}

}  // namespace
}  // namespace tools::compare
