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
  /// With `mappings` some blocks are mappings, and any block's parts are changed like theirs.
  RandomEvents(std::mt19937_64& random, BlockNumber first_block, bool addresses, bool mappings)
      : random_{random}, next_{first_block}, addresses_{addresses}, mappings_{mappings} {}

  std::vector<Event> take(std::size_t count) {
    std::vector<Event> events;
    while (events.size() < count) {
      const auto verb = static_cast<script::Verb>(below(18));
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

  /// Of a block that lives, as if it were a mapping.
  Event change(script::Verb verb) {
    if (!mappings_) return {.verb = script::Verb::Fork};
    Event event = touch(verb);
    if (changes_mapping(event.verb)) event.m = random_();
    return event;
  }

  Event remap() {
    if (!mappings_ || live_.empty()) return {.verb = script::Verb::Fork};
    Event event{.verb = script::Verb::Mremap, .block = next_++, .old_block = take_live()};
    event.n = any();
    event.m = random_();
    live_.push_back(event.block);
    if (addresses_) event.address = 16 * (1 + below(std::uint64_t{1} << below(40)));
    return event;
  }

  Event event(script::Verb verb) {
    if (verb == script::Verb::Free) {
      return {.verb = verb, .inferred = below(9) == 0, .block = take_live()};
    }
    if (verb == script::Verb::MallocTrim) return {.verb = verb, .n = any()};
    if (verb == script::Verb::Mallopt) return {.verb = verb, .n = any(), .m = random_()};
    if (verb == script::Verb::Mremap) return remap();
    if (verb == script::Verb::Munlock) return change(script::Verb::Munmap);
    if (verb == script::Verb::Madvise) return change(script::Verb::Madvise);
    if (verb == script::Verb::Mlock) return change(script::Verb::Mprotect);
    // The rest are scripts' verbs.
    if (verb == script::Verb::Munmap) return touch(script::Verb::Read);
    if (verb == script::Verb::Mprotect) return touch(script::Verb::Write);
    if (!allocates(verb) || (verb == script::Verb::Mmap && !mappings_))
      return {.verb = script::Verb::Fork};
    return allocation(verb);
  }

  Event allocation(script::Verb verb) {
    using script::Verb;
    Event event{.verb = verb, .n = any()};
    if (verb == Verb::Realloc && !live_.empty()) event.old_block = take_live();
    if (verb == Verb::Calloc || verb == Verb::Mmap ||
        (verb >= Verb::Memalign && verb <= Verb::PosixMemalign)) {
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
  bool mappings_;
};

inline std::vector<Event> random_events(std::mt19937_64& random, std::size_t count,
                                        BlockNumber first_block, bool addresses,
                                        bool mappings = true) {
  return RandomEvents{random, first_block, addresses, mappings}.take(count);
}

}  // namespace tools::trace::testing
