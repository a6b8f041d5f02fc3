#include <gtest/gtest.h>

#include <random>

#include "tests/tools/trace/events.h"
#include "tests/tools/trace/scratch.h"
#include "tools/trace/trace_reader.h"
#include "tools/trace/trace_writer.h"

namespace tools::trace {
namespace {

using testing::Scratch;

constexpr std::size_t kEventsAChunk = 8;
constexpr std::size_t kChunks = 3;

/// Two processes, the chunks of whose events alternate.
std::vector<std::vector<Event>> write_small(const std::string& path) {
  std::mt19937_64 random{6};
  const TraceInfo info{
      .command = {"prog", "arg"}, .machine = "m", .kernel = "k", .addresses = true};
  TraceWriter writer{path, info, false};
  std::vector<std::vector<Event>> events;
  for (std::uint32_t p = 0; p < 2; ++p) {
    events.push_back(testing::random_events(random, kEventsAChunk * kChunks, 1, true));
    writer.write(p, {.pid = 100 + static_cast<int>(p), .command = {"prog"}});
  }
  std::vector<BlockNumber> next{1, 1};
  for (std::size_t c = 0; c < kChunks; ++c) {
    for (std::uint32_t p = 0; p < 2; ++p) {
      ChunkEncoder encoder{p, true};
      encoder.begin(c * kEventsAChunk, next[p]);
      for (std::size_t i = 0; i < kEventsAChunk; ++i) {
        const Event& event = events[p][c * kEventsAChunk + i];
        encoder.put(event);
        if (allocates(event.verb) && event.block != kNoBlock) next[p] = event.block + 1;
      }
      writer.write(encoder);
    }
  }
  writer.finish(2 * kEventsAChunk * kChunks, {.unmatched_frees = 3});
  return events;
}

std::vector<Event> read_events(const TraceReader& reader, std::uint32_t process) {
  std::vector<Event> events;
  EventCursor cursor{reader, process};
  while (const Event* event = cursor.next()) events.push_back(*event);
  return events;
}

std::string sentence_of(const std::string& path) {
  try {
    const TraceReader reader{path};
  } catch (const TraceError& error) {
    return error.what();
  }
  return {};
}

TEST(TraceFileTest, EverythingWrittenComesBack) {
  const Scratch scratch;
  const auto events = write_small(scratch.path("t"));
  const TraceReader reader{scratch.path("t")};
  EXPECT_FALSE(reader.torn());
  EXPECT_EQ(reader.info().command, (std::vector<std::string>{"prog", "arg"}));
  EXPECT_EQ(reader.losses().unmatched_frees, 3u);
  ASSERT_EQ(reader.processes().size(), 2u);
  EXPECT_EQ(reader.processes()[1].pid, 101);
  EXPECT_EQ(reader.events(), 2 * kEventsAChunk * kChunks);
  EXPECT_EQ(read_events(reader, 0), events[0]);
  EXPECT_EQ(read_events(reader, 1), events[1]);
  EXPECT_TRUE(is_trace(scratch.path("t")));
}

TEST(TraceFileTest, AFileCutAtAnyByteIsReadUpToItsLastWholeChunk) {
  const Scratch scratch;
  const auto events = write_small(scratch.path("t"));
  const std::string whole = testing::read_file(scratch.path("t"));
  std::uint64_t most = 0;
  for (std::size_t length = 8; length < whole.size(); ++length) {
    testing::write_file(scratch.path("cut"), whole.substr(0, length));
    const TraceReader reader{scratch.path("cut")};
    ASSERT_TRUE(reader.torn()) << length;
    ASSERT_GE(reader.events(), most) << length;
    most = reader.events();
    for (std::uint32_t p = 0; p < reader.processes().size(); ++p) {
      const auto read = read_events(reader, p);
      ASSERT_EQ(read.size() % kEventsAChunk, 0u);
      ASSERT_TRUE(std::equal(read.begin(), read.end(), events[p].begin())) << length;
    }
  }
  EXPECT_EQ(most, 2 * kEventsAChunk * kChunks);
}

TEST(TraceFileTest, AFileCutWithinItsFirstBytesIsNoTrace) {
  const Scratch scratch;
  for (std::size_t length = 0; length < 8; ++length) {
    testing::write_file(scratch.path("t"), std::string{"FLTRACE1"}.substr(0, length));
    EXPECT_NE(sentence_of(scratch.path("t")).find("is no trace"), std::string::npos) << length;
  }
}

TEST(TraceFileTest, ADamagedByteAnywhereLosesNoChunkBeforeIt) {
  const Scratch scratch;
  const auto events = write_small(scratch.path("t"));
  const std::string whole = testing::read_file(scratch.path("t"));
  for (std::size_t at = 8; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    testing::write_file(scratch.path("damaged"), damaged);
    const TraceReader reader{scratch.path("damaged")};
    ASSERT_TRUE(reader.torn()) << at;
    for (std::uint32_t p = 0; p < reader.processes().size(); ++p) {
      const auto read = read_events(reader, p);
      ASSERT_TRUE(std::equal(read.begin(), read.end(), events[p].begin())) << at;
    }
  }
}

TEST(TraceFileTest, AFileThatIsThereIsKeptUnlessReplaced) {
  const Scratch scratch;
  testing::write_file(scratch.path("t"), "precious");
  EXPECT_THROW((TraceWriter{scratch.path("t"), {}, false}), TraceError);
  EXPECT_EQ(testing::read_file(scratch.path("t")), "precious");
  { const TraceWriter writer{scratch.path("t"), {}, true}; }
  EXPECT_TRUE(is_trace(scratch.path("t")));
}

TEST(TraceFileTest, AFileThatIsNotThereIsNamed) {
  EXPECT_EQ(sentence_of("/nowhere/t"), "cannot read /nowhere/t: No such file or directory");
}

}  // namespace
}  // namespace tools::trace
