#include "tools/record/weaver.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>

#include "tests/tools/trace/scratch.h"
#include "tools/record/living_blocks.h"

namespace tools::record {
namespace {

using script::Verb;
using trace::Event;
using trace::ImageTimes;
using trace::TraceReader;
using trace::TraceWriter;

/// A process's calls, a microsecond apart at least: blocks that never overlap, some of which go.
std::vector<Event> random_calls(std::mt19937& random, std::uint64_t start, std::size_t count) {
  std::vector<Event> events;
  std::vector<trace::BlockNumber> live;
  trace::BlockNumber next = 1;
  std::uint64_t address = 0x10000, time = start;
  while (events.size() < count) {
    time += 2 + random() % 1000;
    if (!live.empty() && random() % 3 == 0) {
      std::swap(live[random() % live.size()], live.back());
      events.push_back({.verb = Verb::Free, .block = live.back(), .time = time});
      live.pop_back();
    } else {
      const std::uint64_t bytes = random() % 9000;
      events.push_back(
          {.verb = Verb::Malloc, .block = next, .n = bytes, .address = address, .time = time});
      live.push_back(next++);
      address += bytes + 16 + random() % 5000;
    }
  }
  return events;
}

void write_process(TraceWriter& writer, std::uint32_t index, const trace::ProcessInfo& info,
                   const std::vector<Event>& events) {
  trace::ChunkEncoder encoder{index, true};
  encoder.begin(0, info.first_block);
  for (const Event& event : events) encoder.put(event);
  writer.write(index, info);
  writer.write(encoder);
}

ImageTimes times_of(std::uint64_t joined, const std::vector<Event>& events) {
  ImageTimes times{joined, {}};
  for (const Event& event : events) times.events.push_back(event.time);
  return times;
}

std::vector<Event> events_of(const TraceReader& reader, std::uint32_t process) {
  std::vector<Event> events;
  trace::EventCursor cursor{reader, process};
  while (const Event* event = cursor.next()) events.push_back(*event);
  return events;
}

/// What weaving must come to, found by looking at every call for every touch.
std::vector<Event> expected(std::vector<Event> calls, const std::vector<Touch>& touches) {
  std::vector<Event> all;
  std::size_t next = 0;
  for (const Touch& touch : touches) {
    for (; next < calls.size() && calls[next].time <= touch.time; ++next)
      all.push_back(calls[next]);
    std::optional<Event> inside;
    for (std::size_t i = 0; i < next; ++i) {
      if (calls[i].verb == Verb::Malloc && touch.address >= calls[i].address &&
          touch.address < calls[i].address + calls[i].n)
        inside = Event{.verb = touch.writes ? Verb::Write : Verb::Read,
                       .block = calls[i].block,
                       .n = touch.address - calls[i].address};
      if (inside && calls[i].verb == Verb::Free && calls[i].block == inside->block) inside.reset();
    }
    if (inside) all.push_back(*inside);
  }
  all.insert(all.end(), calls.begin() + static_cast<std::ptrdiff_t>(next), calls.end());
  for (Event& event : all) event.time = 0;
  return all;
}

TEST(WeaverTest, EachTouchLiesInItsBlockBetweenTheRightCalls) {
  std::mt19937 random{11};
  for (int round = 0; round < 30; ++round) {
    const trace::testing::Scratch scratch;
    const auto calls = random_calls(random, 1000, 200);
    {
      TraceWriter writer{scratch.path("calls"), {.addresses = true}, true};
      write_process(writer, 0, {.pid = 5}, calls);
      writer.finish(calls.size(), {});
    }
    std::vector<Touch> touches;
    for (std::uint64_t time = 900; time < calls.back().time + 100; time += random() % 300)
      touches.push_back({time, 5, 0x10000 + random() % 800'000, random() % 2 == 0});
    std::erase_if(touches, [](const Touch& touch) { return touch.time < 1000; });
    TraceWriter writer{scratch.path("woven"), {.touches = true, .addresses = true}, true};
    const WovenCounts counts = weave(TraceReader{scratch.path("calls")},
                                     {{0, times_of(1000, calls)}}, touches, {}, writer, true);
    const auto wanted = expected(calls, touches);
    const TraceReader woven{scratch.path("woven")};
    EXPECT_FALSE(woven.torn());
    EXPECT_EQ(events_of(woven, 0), wanted);
    EXPECT_EQ(counts.touches, wanted.size() - calls.size());
    EXPECT_EQ(counts.touches + counts.elsewhere, touches.size());
  }
}

TEST(WeaverTest, ForkedChildHasItsParentsBlocksAndTheForkIsStillAtItsPlace) {
  const trace::testing::Scratch scratch;
  const std::vector<Event> parent{
      {.verb = Verb::Malloc, .block = 1, .n = 100, .address = 0x1000, .time = 10},
      {.verb = Verb::Fork, .time = 20},
      {.verb = Verb::Free, .block = 1, .time = 30}};
  const std::vector<Event> child{
      {.verb = Verb::Malloc, .block = 2, .n = 100, .address = 0x2000, .time = 40}};
  {
    TraceWriter writer{scratch.path("calls"), {.addresses = true}, true};
    write_process(writer, 0, {.pid = 5}, parent);
    write_process(writer, 1, {.pid = 6, .forked_from = 0, .first_block = 2, .fork_event = 2},
                  child);
    writer.finish(4, {});
  }
  const std::vector<Touch> touches{{15, 5, 0x1005, true},
                                   {35, 5, 0x1006, true},
                                   {35, 6, 0x1007, false},
                                   {45, 6, 0x2008, true},
                                   {55, 6, 0x1009, true}};
  TraceWriter writer{scratch.path("woven"), {.touches = true, .addresses = true}, true};
  const WovenCounts counts =
      weave(TraceReader{scratch.path("calls")},
            {{0, times_of(1, parent)}, {1, times_of(21, child)}}, touches, {{50, 6}}, writer, true);
  EXPECT_EQ(counts.touches, 3u);
  EXPECT_EQ(counts.elsewhere, 2u) << "after free, and in the program it executed";
  const TraceReader woven{scratch.path("woven")};
  EXPECT_EQ(woven.processes()[1].fork_event, 3u);
  const auto events = events_of(woven, 1);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].verb, Verb::Read);
  EXPECT_EQ(events[0].block, 1u);
  EXPECT_EQ(events[0].n, 7u);
  EXPECT_EQ(events[2].block, 2u);
}

}  // namespace
}  // namespace tools::record
