#include "tools/trace/chunk.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/tools/trace/events.h"
#include "tools/trace/varint.h"

namespace tools::trace {
namespace {

std::string encode(const EventChunk& chunk, bool addresses) {
  ChunkEncoder encoder{chunk.process, addresses};
  encoder.begin(chunk.first_event, chunk.first_block);
  for (const Event& event : chunk.events) encoder.put(event);
  return encoder.bytes();
}

TEST(VarintTest, EveryNumberComesBack) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random() >> random() % 64;
    std::string bytes;
    put_varint(bytes, value);
    VarintReader reader{bytes};
    ASSERT_EQ(reader.take(), value);
    ASSERT_TRUE(reader.good() && reader.empty());
    ASSERT_EQ(unzigzag(zigzag(static_cast<std::int64_t>(value))), static_cast<std::int64_t>(value));
  }
}

TEST(ChunkTest, RandomEventsComeBack) {
  std::mt19937_64 random{2};
  for (int round = 0; round < 200; ++round) {
    const bool addresses = round % 2 == 0;
    const EventChunk chunk{.process = static_cast<std::uint32_t>(random() % 1000),
                           .first_event = random() >> 8,
                           .first_block = 1 + (random() >> 20),
                           .events = {}};
    EventChunk full = chunk;
    full.events = testing::random_events(random, random() % 2000, chunk.first_block, addresses);
    const EventChunk read = decode_events(encode(full, addresses));
    ASSERT_EQ(read.process, full.process);
    ASSERT_EQ(read.first_event, full.first_event);
    ASSERT_EQ(read.first_block, full.first_block);
    ASSERT_EQ(read.events, full.events) << "round " << round;
  }
}

TEST(ChunkTest, AnEncoderStartsAnewAfterBegin) {
  std::mt19937_64 random{3};
  const auto first = testing::random_events(random, 500, 1, true);
  const auto second = testing::random_events(random, 500, 900, true);
  ChunkEncoder encoder{7, true};
  encoder.begin(0, 1);
  for (const Event& event : first) encoder.put(event);
  encoder.begin(500, 900);
  for (const Event& event : second) encoder.put(event);
  EXPECT_EQ(decode_events(encoder.bytes()).events, second);
}

TEST(ChunkTest, BytesCutAnywhereAreRefused) {
  std::mt19937_64 random{4};
  const std::string bytes = encode({.process = 1,
                                    .first_event = 5,
                                    .first_block = 1,
                                    .events = testing::random_events(random, 50, 1, true)},
                                   true);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW((void)decode_events(bytes.substr(0, length)), TraceError) << length;
  }
}

TEST(ChunkTest, RandomBytesNeverCrashTheDecoder) {
  std::mt19937_64 random{5};
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    EventChunk chunk{.events = testing::random_events(random, 20, 1, true)};
    std::string bytes = encode(chunk, true);
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      (void)decode_events(bytes);
    } catch (const TraceError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ChunkTest, LifoReuseOfAddressesCostsOneByteEach) {
  EventChunk chunk;
  for (BlockNumber block = 1; block <= 1000; ++block) {
    chunk.events.push_back(
        {.verb = script::Verb::Malloc, .block = block, .n = 24, .address = 0x5555'0000'1000});
    chunk.events.push_back({.verb = script::Verb::Free, .block = block});
  }
  const std::size_t without = encode(chunk, false).size();
  EXPECT_LE(encode(chunk, true).size(), without + 1000 + 10);
}

}  // namespace
}  // namespace tools::trace
