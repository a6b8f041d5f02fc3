#include "tools/trace/program.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/tools/trace/events.h"
#include "tests/tools/trace/scratch.h"

namespace tools::trace {
namespace {

using script::Op;
using script::Verb;
using testing::Scratch;

std::string write_trace(const Scratch& scratch, const std::vector<Event>& events) {
  std::string path = scratch.path("t");
  TraceWriter writer{path, {}, true};
  writer.write(0, ProcessInfo{.pid = 1});
  ChunkEncoder encoder{0, true};
  encoder.begin(0, 1);
  for (const Event& event : events) encoder.put(event);
  writer.write(encoder);
  writer.finish(events.size(), {});
  return path;
}

/// Runs a program's names: which block each stands for, failing where a rule of scripts is broken.
class Names {
 public:
  explicit Names(const script::Program& program) : bound_(program.names.size()) {}

  void run(const Op& op) {
    if (op.verb == Verb::Free) {
      ASSERT_TRUE(bound_.at(op.to.name)) << "line " << op.line;
      bound_[op.to.name] = false;
    } else if (is_touch(op.verb)) {
      ASSERT_TRUE(bound_.at(op.to.name)) << "line " << op.line;
    } else if (op.verb == Verb::Realloc) {
      ASSERT_TRUE(bound_.at(op.to.name)) << "line " << op.line;
    }
    if (op.result == script::kNone) return;
    const bool same = op.verb == Verb::Realloc && op.result == op.to.name;
    ASSERT_TRUE(same || !bound_.at(op.result)) << "line " << op.line;
  }
  void bind(std::uint32_t name) { bound_.at(name) = true; }
  void release(std::uint32_t name) { bound_.at(name) = false; }

 private:
  std::vector<bool> bound_;
};

TEST(ProgramTest, EveryEventBecomesItsOperationOnTheRightName) {
  std::mt19937_64 random{7};
  for (int round = 0; round < 30; ++round) {
    const Scratch scratch;
    const auto events = testing::random_events(random, 2000, 1, true, false);
    const TraceReader reader{write_trace(scratch, events)};
    const script::Program program = to_program(reader, {.touch = TouchPolicy::Recorded});
    Names names{program};
    std::map<BlockNumber, std::uint32_t> name_of;
    std::size_t at = 0;
    for (const Event& event : events) {
      if (event.verb == Verb::Fork) continue;
      const bool freed_by_realloc = event.verb == Verb::Realloc && event.n == 0 &&
                                    event.block == kNoBlock && event.old_block != kNoBlock;
      ASSERT_LT(at, program.ops.size());
      const Op& op = program.ops[at++];
      names.run(op);
      if (HasFatalFailure()) return;
      if (event.verb == Verb::Free || freed_by_realloc) {
        const BlockNumber gone = freed_by_realloc ? event.old_block : event.block;
        // random events give up the old block of a failed realloc as well; a program keeps it
        ASSERT_EQ(op.verb, Verb::Free);
        ASSERT_EQ(op.to.name, name_of.at(gone));
        names.release(op.to.name);
        continue;
      }
      if (is_touch(event.verb)) {
        ASSERT_EQ(op.verb, event.verb);
        ASSERT_EQ(op.to.name, name_of.at(event.block));
        ASSERT_EQ(op.to.offset, static_cast<std::int64_t>(event.n));
        ASSERT_EQ(op.n, 1u);
        continue;
      }
      const bool plain = event.verb == Verb::Realloc && event.old_block == kNoBlock;
      ASSERT_EQ(op.verb, plain ? Verb::Malloc : event.verb);
      ASSERT_EQ(op.n, event.n);
      ASSERT_EQ(op.m, event.m);
      if (op.verb == Verb::Realloc) {
        ASSERT_EQ(op.to.name, name_of.at(event.old_block));
        if (event.block != kNoBlock) names.release(op.to.name);
      }
      if (event.block != kNoBlock && allocates(event.verb)) {
        name_of[event.block] = op.result;
        names.bind(op.result);
      }
    }
    EXPECT_EQ(at, program.ops.size());
  }
}

TEST(ProgramTest, NameOfAMappingEndsWithItsLastByte) {
  constexpr std::uint64_t kBytes = 4096, kRead = 1, kReadWrite = 3, kAnonymous = 0x22 << 8;
  const auto part = [](Verb verb, std::uint64_t first, std::uint64_t pages, std::uint64_t value) {
    return Event{.verb = verb,
                 .block = 1,
                 .n = first * kBytes,
                 .m = Stretch{pages * kBytes, value}.packed()};
  };
  const Event second{.verb = Verb::Mmap, .block = 2, .n = kBytes, .m = kRead | kAnonymous};
  const Scratch scratch;
  const TraceReader reader{write_trace(
      scratch, {{.verb = Verb::Mmap, .block = 1, .n = 8 * kBytes - 5, .m = kReadWrite | kAnonymous},
                part(Verb::Mprotect, 2, 3, kRead),
                {.verb = Verb::Write, .block = 1, .n = 7},
                part(Verb::Munmap, 2, 3, 0),
                second,
                part(Verb::Madvise, 0, 8, 4),
                part(Verb::Munmap, 0, 2, 0),
                part(Verb::Munmap, 5, 3, 0),
                {.verb = Verb::Mmap, .block = 3, .n = kBytes, .m = kRead | kAnonymous}})};
  const script::Program program = to_program(reader, {.touch = TouchPolicy::Recorded});
  ASSERT_EQ(program.ops.size(), 9u);
  const auto& ops = program.ops;
  EXPECT_EQ(ops[0].verb, Verb::Mmap);
  EXPECT_EQ(ops[0].prot, kReadWrite);
  EXPECT_EQ(ops[0].flags, script::flag::Anonymous);
  EXPECT_EQ(ops[1].to.offset, static_cast<std::int64_t>(2 * kBytes));
  EXPECT_EQ(ops[1].pages, 3);
  EXPECT_EQ(ops[1].prot, kRead);
  EXPECT_EQ(ops[3].verb, Verb::Munmap);
  EXPECT_NE(ops[4].result, ops[0].result);  // the first is there still
  EXPECT_EQ(ops[5].pages, 8);
  EXPECT_EQ(ops[5].advice, 4);
  EXPECT_EQ(ops[7].to.name, ops[0].result);
  EXPECT_EQ(ops[8].result, ops[0].result);  // now it is gone
}

TEST(ProgramTest, ThereAreAsManyNamesAsBlocksEverLivedAtOnce) {
  std::vector<Event> events;
  BlockNumber next = 1;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 7; ++i) events.push_back({.verb = Verb::Malloc, .block = next++, .n = 8});
    for (BlockNumber b = next - 7; b < next; ++b)
      events.push_back({.verb = Verb::Free, .block = b});
  }
  const Scratch scratch;
  const TraceReader reader{write_trace(scratch, events)};
  EXPECT_EQ(to_program(reader, {}).names.size(), 7u);
}

TEST(ProgramTest, TheTouchPolicySaysWhatIsWritten) {
  const Scratch scratch;
  const TraceReader reader{write_trace(scratch, {{.verb = Verb::Malloc, .block = 1, .n = 9000},
                                                 {.verb = Verb::Malloc, .block = 2, .n = 0},
                                                 {.verb = Verb::Malloc, .n = 1ull << 62}})};
  EXPECT_EQ(to_program(reader, {.touch = TouchPolicy::None}).ops.size(), 3u);
  EXPECT_EQ(to_program(reader, {.touch = TouchPolicy::Recorded}).ops.size(), 3u);
  const auto first = to_program(reader, {.touch = TouchPolicy::First});
  ASSERT_EQ(first.ops.size(), 4u);  // nothing is written to an empty block, or to none
  EXPECT_EQ(first.ops[1].verb, Verb::Write);
  EXPECT_EQ(first.ops[1].n, 1u);
  EXPECT_EQ(first.ops[1].pages, 0);
  const auto all = to_program(reader, {.touch = TouchPolicy::All});
  ASSERT_EQ(all.ops.size(), 4u);
  EXPECT_EQ(all.ops[1].pages, Op::kWholeRange);
  EXPECT_EQ(all.ops[1].to.name, all.ops[0].result);
  EXPECT_EQ(touch_policy("all"), TouchPolicy::All);
  EXPECT_FALSE(touch_policy("some"));
}

TEST(ProgramTest, AForkedProcessStartsWithItsAncestorsCallsUpToTheFork) {
  const Scratch scratch;
  {
    TraceWriter writer{scratch.path("t"), {}, true};
    writer.write(0, {.pid = 1});
    writer.write(1, {.pid = 2, .forked_from = 0, .first_block = 2, .fork_event = 2});
    ChunkEncoder parent{0, false}, child{1, false};
    parent.begin(0, 1);
    parent.put({.verb = Verb::Malloc, .block = 1, .n = 10});
    parent.put({.verb = Verb::Fork});
    parent.put({.verb = Verb::Malloc, .block = 2, .n = 20});
    child.begin(0, 2);
    child.put({.verb = Verb::Malloc, .block = 2, .n = 30});
    child.put({.verb = Verb::Free, .block = 1});
    writer.write(parent);
    writer.write(child);
    writer.finish(5, {});
  }
  const TraceReader reader{scratch.path("t")};
  const auto program = to_program(reader, {.process = 1});
  ASSERT_EQ(program.ops.size(), 4u);
  EXPECT_EQ(program.ops[0].n, 10u);
  EXPECT_EQ(program.ops[1].verb, Verb::Fork);
  EXPECT_EQ(program.ops[1].peer, 1u);
  EXPECT_EQ(program.ops[2].n, 30u);
  EXPECT_EQ(program.ops[2].process, 1u);
  EXPECT_EQ(program.ops[3].to.name, program.ops[0].result);
  EXPECT_EQ(program.processes.size(), 2u);
  const auto parent = to_program(reader, {});  // the busiest
  ASSERT_EQ(parent.ops.size(), 2u);
  EXPECT_EQ(parent.ops[1].n, 20u);
  EXPECT_THROW((void)to_program(reader, {.process = 2}), TraceError);
}

}  // namespace
}  // namespace tools::trace
