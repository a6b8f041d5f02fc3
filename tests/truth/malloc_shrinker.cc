// Delta debugging over the operations of a trace, then over their numbers.
#include "tests/truth/malloc_shrinker.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tests/shrink.h"

namespace truth {
namespace {

using Clock = std::chrono::steady_clock;

class Shrinker {
 public:
  Shrinker(Trace trace, const std::function<bool(const Trace&)>& fails, Clock::time_point deadline)
      : best_{std::move(trace)}, fails_{fails}, deadline_{deadline} {}

  Trace run() {
    drop_environment();
    do {
      drop_steps();
    } while (lower_numbers() && in_time());
    renumber_slots();
    return std::move(best_);
  }

 private:
  [[nodiscard]] bool in_time() const { return Clock::now() < deadline_; }

  bool keep_if_failing(Trace candidate) {
    if (!in_time() || !fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  void drop_environment() {
    Trace candidate = best_;
    candidate.environment.clear();
    keep_if_failing(std::move(candidate));
    if (!best_.thread) return;
    candidate = best_;
    candidate.thread = false;
    keep_if_failing(std::move(candidate));
  }

  void drop_steps() {
    drop_parts([this]() -> const std::vector<Step>& { return best_.steps; },
               [this](std::vector<Step> steps) {
                 Trace candidate = best_;
                 candidate.steps = std::move(steps);
                 keep_if_failing(std::move(candidate));
               },
               [this] { return in_time(); });
  }

  /// The smallest of a few simpler values that still fails.
  bool lower(std::size_t step, std::uint64_t Op::*number) {
    const std::uint64_t now = best_.steps[step].op.*number;
    for (const std::uint64_t simpler :
         {std::uint64_t{0}, std::uint64_t{24}, std::uint64_t{1032}, std::uint64_t{1040},
          std::uint64_t{131'072}, now / 2, now - now / 8, now & ~std::uint64_t{15}}) {
      if (simpler >= now) continue;
      Trace candidate = best_;
      candidate.steps[step].op.*number = simpler;
      if (keep_if_failing(std::move(candidate))) return true;
    }
    return false;
  }

  bool lower_numbers() {
    bool lowered = false;
    for (std::size_t i = 0; i < best_.steps.size() && in_time(); ++i) {
      while (in_time() && lower(i, &Op::n)) lowered = true;
      if (best_.steps[i].op.verb == Verb::Calloc || best_.steps[i].op.verb == Verb::Mallopt) {
        while (in_time() && lower(i, &Op::m)) lowered = true;
      }
    }
    return lowered;
  }

  void renumber_slots() {
    Trace candidate = best_;
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (Step& step : candidate.steps) {
      if (!allocates(step.op.verb) && step.op.verb != Verb::Free) continue;
      const auto next = static_cast<std::uint32_t>(numbers.size());
      step.op.slot = numbers.try_emplace(step.op.slot, next).first->second;
    }
    candidate.slots = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(numbers.size()));
    keep_if_failing(std::move(candidate));
  }

  Trace best_;
  const std::function<bool(const Trace&)>& fails_;
  Clock::time_point deadline_;
};

}  // namespace

Trace shrink(Trace trace, const std::function<bool(const Trace&)>& fails,
             std::chrono::milliseconds budget) {
  return Shrinker{std::move(trace), fails, Clock::now() + budget}.run();
}

}  // namespace truth
