// Traces are read as they were written, and a run that differs from one is caught where it does.
#include "tests/truth/malloc_trace.h"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/truth/malloc_checker.h"
#include "tests/truth/vectors.h"

namespace truth {
namespace {

Trace trace_of(const std::string& text) {
  std::istringstream in(text);
  return read_trace(in, "test");
}

constexpr const char* kHeader =
    R"({"v":1,"name":"t","glibc":"2.36","base":4096,"slots":2,"ops":1,"thread":false,)"
    R"("env":{},"maxalign":16,"note":"","exit":0})"
    "\n";

std::string failure_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was wrong";
}

TEST(MallocTraceTest, EveryGoldenVectorIsWrittenAsItWasRead) {
  for (const auto& file : vector_files(vectors_of("2.36"))) {
    const Trace trace = read_trace(file);
    std::ostringstream out;
    write_trace(out, trace);
    std::istringstream in(out.str());
    const Trace again = read_trace(in, "again");
    ASSERT_EQ(again.resident, trace.resident) << file;
    ASSERT_EQ(again.steps.size(), trace.steps.size()) << file;
    for (std::size_t i = 0; i < trace.steps.size(); ++i) {
      ASSERT_EQ(again.steps[i].op, trace.steps[i].op) << file << ": op " << i;
      ASSERT_EQ(again.steps[i].result, trace.steps[i].result) << file << ": op " << i;
    }
  }
}

TEST(MallocTraceTest, AFaultyFileIsRefusedByLine) {
  EXPECT_EQ(failure_of([] { (void)read_trace("nowhere.jsonl"); }),
            "nowhere.jsonl: cannot be opened");
  EXPECT_EQ(failure_of([] { (void)trace_of(""); }), "test:1: the file is empty");
  EXPECT_EQ(failure_of([] { (void)trace_of(std::string(kHeader) + R"([["x",1]])"); }),
            "test:2: no such operation: x");
  EXPECT_EQ(failure_of([] { (void)trace_of(kHeader); }), "test:2: it ends after 0 operations of 1");
}

/// One malloc that grows the heap, as a run at another base gives it.
struct FirstMalloc {
  std::vector<RawCall> calls = {{SystemCall::Kind::Brk, 0, {}, 0, 0x9000},
                                {SystemCall::Kind::Brk, 0x9000 + 135168, {}, 0, 0x9000 + 135168}};
  RawResult result = {.pointer = 0x9000 + 672, .usable = 104, .error = 0, .value = 0, .info = {}};

  [[nodiscard]] std::string difference() const {
    const Trace trace =
        trace_of(std::string(kHeader) + R"([["m",0,100],672,104,{"sys":[["brk",null,0],)"
                                        R"(["brk",135168,135168]]}])");
    Checker checker{trace, 0x9000, Checker::Ends::Exact};
    return failure_of([&] {
      checker.begin(0);
      for (const RawCall& call : calls) {
        (void)checker.expect(call);
        checker.made(call);
      }
      checker.finish(result);
    });
  }
};

TEST(MallocCheckerTest, ARunAtAnotherBaseAgrees) {
  EXPECT_EQ(FirstMalloc{}.difference(), "nothing was wrong");
}

TEST(MallocCheckerTest, NamesTheOperationAndWhatDiffers) {
  FirstMalloc run;
  run.result.pointer += 16;
  EXPECT_EQ(run.difference(), R"(t: op 0 ["m",0,100]: pointer: expected 672, got 688)");
  run = {};
  run.result.usable = 120;
  EXPECT_EQ(run.difference(), R"(t: op 0 ["m",0,100]: usable size: expected 104, got 120)");
  run = {};
  run.result = {};
  run.result.error = 12;
  EXPECT_EQ(run.difference(), R"(t: op 0 ["m",0,100]: pointer: expected 672, got null)");
}

TEST(MallocCheckerTest, CatchesAnySystemCallThatDiffers) {
  const std::string op = R"(t: op 0 ["m",0,100]: )";
  FirstMalloc run;
  run.calls[1].at += 4096;
  run.calls[1].result += 4096;
  EXPECT_EQ(run.difference(),
            op + R"(system call 1: expected ["brk",135168,135168], got ["brk",139264,139264])");
  run = {};
  run.calls[1].result = 0x9000;
  EXPECT_EQ(run.difference(), op + "the outcome of system call 1: expected "
                                   R"(["brk",135168,135168], got ["brk",135168,0])");
  run = {};
  run.calls.pop_back();
  EXPECT_EQ(run.difference(), op + R"(system call 1: expected ["brk",135168,135168], got none)");
  run = {};
  run.calls.push_back({SystemCall::Kind::Munmap, 0x9000, {4096, 0, 0}, 0, 0});
  EXPECT_EQ(run.difference(), op + R"(system call 2: expected none, got ["munmap",0,4096])");
}

}  // namespace
}  // namespace truth
