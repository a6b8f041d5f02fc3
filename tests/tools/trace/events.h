// Event streams that obey the rules, made at random.
#pragma once

#include <random>
#include <vector>

#include "tools/trace/event.h"

namespace tools::trace::testing {

/// A process's events: every verb, failed calls, several threads, repeated addresses.
class RandomEvents {
 public:
  /// The process's first block is `first_block`. With `addresses` false no event has one.
  RandomEvents(std::mt19937_64& random, BlockNumber first_block, bool addresses)
      : random_{random}, next_{first_block}, addresses_{addresses} {}

  std::vector<Event> take(std::size_t count) {
    std::vector<Event> events;
    while (events.size() < count) {
      const auto verb = static_cast<script::Verb>(below(14));
      if (verb == script::Verb::Free && live_.empty()) continue;
      events.push_back(event(verb));
      events.back().thread = below(3) == 0 ? static_cast<std::uint32_t>(below(5)) : 0;
    }
    return events;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint64_t any() { return random_() >> below(64); }

  BlockNumber take_live() {
    std::swap(live_[below(live_.size())], live_.back());
    const BlockNumber block = live_.back();
    live_.pop_back();
    return block;
  }

  /// A touch of a block that lives.
  Event touch(script::Verb verb) {
    if (live_.empty()) return {.verb = script::Verb::Fork};
    return {.verb = verb, .block = live_[below(live_.size())], .n = any()};
  }

  Event event(script::Verb verb) {
    if (verb == script::Verb::Free) {
      return {.verb = verb, .inferred = below(9) == 0, .block = take_live()};
    }
    if (verb == script::Verb::MallocTrim) return {.verb = verb, .n = any()};
    if (verb == script::Verb::Mallopt) return {.verb = verb, .n = any(), .m = random_()};
    // The rest are scripts' verbs.
    if (verb == script::Verb::Munmap) return touch(script::Verb::Read);
    if (verb == script::Verb::Mprotect) return touch(script::Verb::Write);
    if (!allocates(verb)) return {.verb = script::Verb::Fork};
    return allocation(verb);
  }

  Event allocation(script::Verb verb) {
    using script::Verb;
    Event event{.verb = verb, .n = any()};
    if (verb == Verb::Realloc && !live_.empty()) event.old_block = take_live();
    if (verb == Verb::Calloc || (verb >= Verb::Memalign && verb <= Verb::PosixMemalign)) {
      event.m = any();
    }
    if (below(20) == 0) return event;  // refused
    event.block = next_++;
    live_.push_back(event.block);
    if (addresses_) event.address = 16 * (1 + below(std::uint64_t{1} << below(40)));
    return event;
  }

  std::mt19937_64& random_;
  std::vector<BlockNumber> live_;
  BlockNumber next_;
  bool addresses_;
};

inline std::vector<Event> random_events(std::mt19937_64& random, std::size_t count,
                                        BlockNumber first_block, bool addresses) {
  return RandomEvents{random, first_block, addresses}.take(count);
}

}  // namespace tools::trace::testing
