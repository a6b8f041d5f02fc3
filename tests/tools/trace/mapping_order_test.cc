// Threads that map and unmap, and tell of it late.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "tools/trace/process_log.h"
#include "tools/trace/shared_area.h"

namespace tools::trace {
namespace {

using script::Verb;
using wire::Call;
using wire::Tag;

constexpr std::uint64_t kRoom = 24, kWhole = Stretch::kSmallestPage, kStart = 16 * kWhole;

/// A thread that notes its calls with their time, as the recording library does.
class LateThread {
 public:
  explicit LateThread(wire::Area& area)
      : area_{area}, segment_{area.segments[area.header.fresh.load()]} {
    first_segment = area.header.fresh.fetch_add(1);
  }

  void note(std::uint64_t time, Call call, std::uint64_t n, std::uint64_t m, std::uint64_t at) {
    put(static_cast<std::uint64_t>(Tag::Epoch) | area_.header.epoch.load() << 4);
    put(static_cast<std::uint64_t>(Tag::Time) | time << 4);
    put(static_cast<std::uint64_t>(Tag::Call) | static_cast<std::uint64_t>(call) << 4);
    for (const std::uint64_t word : {n, m, at}) put(word);
  }

  struct Done {
    std::uint64_t asked = 0, page = 0, pages = 0;
  };
  std::uint32_t first_segment = 0;
  std::optional<Done> untold;  ///< unmapped, and not noted yet

 private:
  void put(std::uint64_t word) { segment_.words[at_++] = word; }

  wire::Area& area_;
  wire::Segment& segment_;
  std::size_t at_ = 0;
};

/// The size of each mapping tells them apart.
class MappingsTold : public EventListener {
 public:
  void on_event(const Event& event) override {
    if (event.verb == Verb::Mmap) bytes[event.block] = event.n;
    if (event.verb == Verb::Munmap) unmapped += Stretch::of(event.m).bytes;
  }
  void on_fork(std::uint64_t /*token*/, const Heap& /*heap*/) override {}

  std::map<BlockNumber, std::uint64_t> bytes;
  std::uint64_t unmapped = 0;
};

/// A kernel that hands out the lowest pages that are free, so that what one thread gave back is the
/// next one's at once.
class Kernel {
 public:
  Kernel(std::mt19937& random, SharedArea& shared, ProcessLog& log) : random_{random} {
    for (std::uint32_t t = 0; t < 3; ++t) {
      threads_.emplace_back(shared.area());
      log.add(t, RawStream{shared.area(), threads_.back().first_segment});
    }
  }

  void step() {
    LateThread& thread = threads_[random_() % threads_.size()];
    ++now_;
    if (thread.untold) return tell(thread);
    random_() % 2 == 0 ? map(thread) : unmap(thread);
  }
  void tell_all() {
    ++now_;
    for (LateThread& thread : threads_) tell(thread);
  }

  std::vector<std::uint64_t> owner = std::vector<std::uint64_t>(kRoom);  ///< its bytes; 0: none
  std::uint64_t unmapped = 0;

 private:
  void map(LateThread& thread) {
    const std::uint64_t pages = 1 + random_() % 4;
    for (std::uint64_t at = 0; at + pages <= kRoom; ++at) {
      const auto begin = owner.begin() + static_cast<std::ptrdiff_t>(at);
      const auto end = begin + static_cast<std::ptrdiff_t>(pages);
      if (std::any_of(begin, end, [](std::uint64_t bytes) { return bytes != 0; })) continue;
      const std::uint64_t bytes = pages * kWhole - ++mapped_ % kWhole;
      std::fill(begin, end, bytes);
      return thread.note(now_, Call::Mmap, bytes, 3, kStart + at * kWhole);
    }
  }

  /// Whosever it is.
  void unmap(LateThread& thread) {
    const std::uint64_t at = random_() % kRoom, pages = 1 + random_() % (kRoom - at);
    for (std::uint64_t i = at; i < at + pages; ++i) {
      if (owner[i] != 0) unmapped += kWhole;
      owner[i] = 0;
    }
    thread.untold = {now_, at, pages};
  }

  void tell(LateThread& thread) const {
    if (!thread.untold) return;
    const LateThread::Done& done = *thread.untold;
    thread.note(now_, Call::Munmap, done.pages * kWhole, done.asked, kStart + done.page * kWhole);
    thread.untold.reset();
  }

  std::mt19937& random_;
  std::vector<LateThread> threads_;
  std::uint64_t now_ = 0, mapped_ = 0;
};

std::vector<std::uint64_t> owners(const ProcessLog& log, MappingsTold& told) {
  std::vector<std::uint64_t> found(kRoom);
  for (const Mappings::Part& part : log.heap.mappings.in(kStart, kRoom * kWhole)) {
    for (std::uint64_t at = 0; at < part.bytes; at += kWhole)
      found[(part.address + at - kStart) / kWhole] = told.bytes[part.block];
  }
  return found;
}

TEST(MappingOrderTest, WhatIsUnmappedAndToldLateIsNotWhatTookItsPlace) {
  std::mt19937 random{5};
  for (int round = 0; round < 40; ++round) {
    SharedArea shared;
    MappingsTold told;
    ProcessLog log{told};
    Kernel kernel{random, shared, log};
    for (int step = 0; step < 1000; ++step) {
      kernel.step();
      if (random() % 50 == 0) log.merge(shared.tick());
    }
    kernel.tell_all();
    log.merge(~std::uint64_t{0});
    EXPECT_EQ(owners(log, told), kernel.owner) << "round " << round;
    EXPECT_EQ(told.unmapped, kernel.unmapped) << "round " << round;
  }
}

}  // namespace
}  // namespace tools::trace
