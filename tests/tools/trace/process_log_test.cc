#include "tools/trace/process_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tools/trace/shared_area.h"

namespace tools::trace {
namespace {

using script::Verb;
using wire::Tag;

/// A thread as the recording library would be one: words into segments, epochs before them.
class Writer {
 public:
  explicit Writer(wire::Area& area) : area_{area}, segment_{area.header.fresh.fetch_add(1)} {
    first_ = segment_;
  }

  [[nodiscard]] std::uint32_t first_segment() const { return first_; }

  void put(Tag tag, std::uint64_t size, std::uint64_t address) {
    if (since_tick_ == wire::kEpochWords) area_.header.epoch.fetch_add(1);
    const std::uint64_t epoch = area_.header.epoch.load();
    if (epoch != epoch_) word(static_cast<std::uint64_t>(Tag::Epoch) | epoch << 4);
    if (epoch != epoch_) since_tick_ = 0;
    epoch_ = epoch;
    word(wire::short_word(tag, size, address));
    ++since_tick_;
  }

 private:
  void word(std::uint64_t word) {
    if (at_ == wire::kSegmentWords - 1) {
      const std::uint32_t next = area_.header.fresh.fetch_add(1);
      area_.segments[segment_].next.store(next + 1);
      segment_ = next;
      at_ = 0;
    }
    area_.segments[segment_].words[at_++] = word;
  }

  wire::Area& area_;
  std::uint32_t segment_;
  std::uint32_t first_ = 0;
  std::size_t at_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t since_tick_ = 0;
};

/// Keeps what it is told and checks that it can be replayed.
class Told : public EventListener {
 public:
  void on_event(const Event& event) override {
    const BlockNumber gone = event.verb == Verb::Free ? event.block : event.old_block;
    if (gone != kNoBlock) {
      EXPECT_EQ(live.erase(gone), 1u);
    }
    if (event.verb != Verb::Free) live.insert(event.block);
    ++count[event.verb];
    sizes[event.verb] += event.n;
  }
  void on_fork(std::uint64_t /*token*/, const Heap& /*heap*/) override {}

  std::set<BlockNumber> live;
  std::map<Verb, std::size_t> count;
  std::map<Verb, std::uint64_t> sizes;
};

/// A heap that hands out few addresses, so that threads meet at them; any thread may free any
/// block.
class Heaps {
 public:
  Heaps(std::mt19937_64& random, std::size_t addresses) : random_{random} {
    for (std::size_t i = 1; i <= addresses; ++i) free_.push_back(16 * i);
  }

  void step(Writer& thread, Told& truth) {
    const bool give = free_.empty() || (!used_.empty() && random_() % 2 == 0);
    const std::uint64_t size = random_() % 100 + 1;
    if (give && random_() % 4 == 0 && !free_.empty()) {
      thread.put(Tag::ReallocBegin, 0, give_back());
      thread.put(Tag::ReallocEnd, size, use());
      ++truth.count[Verb::Realloc];
      truth.sizes[Verb::Realloc] += size;
    } else if (give) {
      thread.put(Tag::Free, 0, give_back());
      ++truth.count[Verb::Free];
    } else {
      thread.put(Tag::Malloc, size, use());
      ++truth.count[Verb::Malloc];
      truth.sizes[Verb::Malloc] += size;
    }
  }
  [[nodiscard]] std::size_t used() const { return used_.size(); }

 private:
  std::uint64_t take(std::vector<std::uint64_t>& from) {
    std::swap(from[random_() % from.size()], from.back());
    const std::uint64_t address = from.back();
    from.pop_back();
    return address;
  }
  std::uint64_t give_back() {
    free_.push_back(take(used_));
    return free_.back();
  }
  std::uint64_t use() {
    used_.push_back(take(free_));
    return used_.back();
  }

  std::mt19937_64& random_;
  std::vector<std::uint64_t> free_, used_;
};

TEST(ProcessLogTest, NoCallOfThreadsThatShareBlocksIsLost) {
  std::mt19937_64 random{11};
  for (int round = 0; round < 60; ++round) {
    SharedArea shared;
    Told told, truth;
    ProcessLog log{told};
    std::vector<Writer> threads;
    for (std::uint32_t t = 0; t < 2 + random() % 7; ++t) {
      threads.emplace_back(shared.area());
      log.add(t, RawStream{shared.area(), threads.back().first_segment()});
    }
    Heaps heap{random, 1 + random() % 200};
    std::size_t running = 0;
    for (int step = 0; step < 20'000; ++step) {
      if (random() % 30 == 0) running = random() % threads.size();
      heap.step(threads[running], truth);
      if (random() % 500 == 0) log.merge(shared.tick());
    }
    log.merge(~std::uint64_t{0});
    EXPECT_EQ(log.unmatched_frees, 0u) << "round " << round;
    EXPECT_EQ(log.inferred_frees, 0u) << "round " << round;
    EXPECT_EQ(told.sizes[Verb::Malloc], truth.sizes[Verb::Malloc]);
    EXPECT_EQ(told.sizes[Verb::Realloc], truth.sizes[Verb::Realloc]);
    EXPECT_EQ(told.count[Verb::Malloc], truth.count[Verb::Malloc]);
    EXPECT_EQ(told.live.size(), heap.used());
  }
}

TEST(ProcessLogTest, OneThreadsCallsKeepTheirOrder) {
  SharedArea shared;
  Told told;
  ProcessLog log{told};
  Writer thread{shared.area()};
  log.add(0, RawStream{shared.area(), thread.first_segment()});
  for (int i = 0; i < 100'000; ++i) {
    thread.put(Tag::Malloc, 8, 32);
    thread.put(Tag::Free, 0, 32);
  }
  log.merge(~std::uint64_t{0});
  EXPECT_EQ(told.count[Verb::Malloc], 100'000u);
  EXPECT_EQ(told.count[Verb::Free], 100'000u);
  EXPECT_TRUE(told.live.empty());
}

TEST(ProcessLogTest, WhatNobodyWasSeenToDoIsCounted) {
  SharedArea shared;
  Told told;
  ProcessLog log{told};
  Writer thread{shared.area()};
  log.add(0, RawStream{shared.area(), thread.first_segment()});
  thread.put(Tag::Free, 0, 64);  // allocated before the recording
  thread.put(Tag::Malloc, 8, 32);
  thread.put(Tag::Malloc, 8, 32);  // given back behind the recorder's back
  log.merge(~std::uint64_t{0});
  EXPECT_EQ(log.unmatched_frees, 1u);
  EXPECT_EQ(log.inferred_frees, 1u);
  EXPECT_EQ(told.live.size(), 1u);
}

}  // namespace
}  // namespace tools::trace
