// Drawing random traces: first a program's habits, then what it does.
#include "tests/truth/malloc_generator.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/truth/malloc_habits.h"
#include "tests/truth/random.h"

namespace truth {
namespace {

/// A program keeps its blocks below this many bytes: the real one's memory is real.
constexpr std::uint64_t kMostLive = 256 * kMiB;

class Generator {
 public:
  Generator(std::uint64_t seed, const GeneratorLimits& limits) : random_{seed} {
    trace_.name = "live_" + std::to_string(seed);
    trace_.note = "seed " + std::to_string(seed);
    trace_.slots = static_cast<std::uint32_t>(random_.between(8, 400));
    is_used_.resize(trace_.slots);
    sizes_.resize(trace_.slots);
    trace_.base = 0x555555559000;
    trace_.thread = limits.threads && random_.once_in(5);
    habits_ = draw_habits(random_);
    if (random_.once_in(4)) tune(limits.huge_pages);
    if (habits_.address_space != 0) add({Verb::Limit, 0, habits_.address_space, 0});
    if (habits_.never_maps) add_mallopt(-4, 0);
    if (random_.once_in(4)) open();
    while (trace_.steps.size() < limits.ops) step();
  }
  Trace take() { return std::move(trace_); }

 private:
  void tune(bool huge_pages) {
    const std::string tunables = draw_tunables(habits_, huge_pages, random_);
    if (!tunables.empty()) trace_.environment["GLIBC_TUNABLES"] = tunables;
  }

  /// What random blocks seldom are: one that ends where the first heap does or next to it, or a
  /// mapping as large as the threshold when it is freed.
  void open() {
    constexpr std::uint64_t kHeap = 33 * kPage - 656;  // less the thread's cache block
    constexpr std::uint64_t kThreshold = 32 * kPage;
    const std::uint32_t first = take(0);
    const std::uint64_t gap = random_.once_in(2) ? random_.any_scale(4000) : 0;
    switch (random_.below(3)) {
      case 0:
        add({Verb::Malloc, first, random_.any_scale(2000), 0});
        return add({Verb::Realloc, first, kHeap - gap - 16 * random_.below(6), 0});
      case 1:
        add({Verb::Malloc, first, random_.any_scale(2000), 0});
        return add({Verb::Malloc, take(1), kHeap - gap - 16 * random_.below(6), 0});
      default:
        add({Verb::Malloc, first, kThreshold + random_.any_scale(kMiB), 0});
        add({Verb::Realloc, first, kThreshold - 16 * random_.below(6), 0});
        return free_slot(first);
    }
  }

  // Sizes.

  std::uint64_t size() {
    if (!habits_.favourites.empty() && !random_.once_in(4)) {
      return random_.pick(std::span<const std::uint64_t>{habits_.favourites});
    }
    return draw_size(habits_, random_);
  }

  std::uint64_t failing_size() {
    const std::uint64_t near = random_.any_scale(1 << 20);
    switch (random_.below(3)) {
      case 0:
        return (std::uint64_t{1} << 47) + near;  // more than an address space
      case 1:
        return (std::uint64_t{1} << 63) - near;
      default:
        return ~near;
    }
  }

  // Operations.

  void add(const Op& op) {
    if (allocates(op.verb) || op.verb == Verb::Free) note_size(op);
    trace_.max_alignment = std::max(trace_.max_alignment, alignment_of(op));
    trace_.steps.push_back({op, {}});
  }
  void note_size(const Op& op) {
    const std::uint64_t asked = op.verb == Verb::Calloc ? op.n * op.m : op.n;
    const std::uint64_t size = op.verb == Verb::Free || asked > kMostLive ? 0 : asked;
    live_ += size - sizes_[op.slot];
    sizes_[op.slot] = size;
  }
  void add_mallopt(std::int64_t parameter, std::int64_t value) {
    add({Verb::Mallopt, 0, static_cast<std::uint64_t>(parameter),
         static_cast<std::uint64_t>(value)});
  }

  std::uint32_t slot() { return static_cast<std::uint32_t>(random_.below(trace_.slots)); }

  /// A slot to store a new block in: an empty one where there is, else some block is forgotten.
  std::uint32_t store() {
    for (int tries = 0; tries < 4; ++tries) {
      const std::uint32_t candidate = slot();
      if (!is_used_[candidate]) return take(candidate);
    }
    const std::uint32_t used = slot();
    if (!random_.once_in(50)) free_slot(used);
    return take(used);
  }
  std::uint32_t take(std::uint32_t used) {
    is_used_[used] = true;
    order_.push_back(used);
    return used;
  }

  void free_slot(std::uint32_t freed) {
    is_used_[freed] = false;
    add({Verb::Free, freed, 0, 0});
  }
  void free_one() {
    if (order_.empty()) return free_slot(slot());
    const std::size_t at = habits_.free_order == Lifo   ? order_.size() - 1
                           : habits_.free_order == Fifo ? 0
                                                        : random_.below(order_.size());
    const std::uint32_t freed = order_[at];
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(at));
    free_slot(freed);
  }
  /// A whole structure goes.
  void free_some() {
    for (std::uint64_t left = random_.any_scale(order_.size()); left > 0; --left) free_one();
  }

  void reallocate() {
    const bool known = !order_.empty() && !random_.once_in(10);
    const std::uint32_t target = known ? order_[random_.below(order_.size())] : slot();
    std::uint64_t n = random_.once_in(30) ? 0 : size();
    for (std::size_t i = trace_.steps.size(); random_.once_in(2) && i-- > 0;) {
      const Op& last = trace_.steps[i].op;  // a little more or less than it had
      if (!allocates(last.verb) || last.slot != target) continue;
      n = std::min(last.n, 64 * kMiB) + random_.any_scale(4096) - random_.any_scale(64);
      if (n > 80 * kMiB) n = 0;
      break;
    }
    if (n != 0 && !is_used_[target]) take(target);
    if (n == 0) is_used_[target] = false;
    add({Verb::Realloc, target, n, 0});
  }

  void align() {
    const std::uint64_t n = size();
    std::uint64_t alignment = std::uint64_t{8} << random_.below(10);
    if (random_.once_in(3)) alignment = std::min(alignment << 4, habits_.max_alignment);
    const bool odd = random_.once_in(12);
    switch (random_.below(8)) {
      case 0:
        return add({Verb::Valloc, store(), n, 0});
      case 1:
        return add({Verb::Pvalloc, store(), n, 0});
      case 2:
      case 3:
        return add({Verb::PosixMemalign, store(), n, odd ? alignment + 4 : alignment});
      case 4:
        return add({Verb::AlignedAlloc, store(), n, odd ? alignment * 3 : alignment});
      default:
        return add({Verb::Memalign, store(), n, odd ? random_.below(200) : alignment});
    }
  }

  void set_parameter() {
    const auto sized = [this](std::uint64_t high) {
      return static_cast<std::int64_t>(random_.any_scale(high));
    };
    switch (random_.below(10)) {
      case 0:
        return add_mallopt(1, random_.pick<std::int64_t>({0, 7, 8, 64, 120, 160, 161, -1}));
      case 1:
        return add_mallopt(-1, sized(8 * kMiB));
      case 2:
        return add_mallopt(-2, sized(2 * kMiB));
      case 3:
        return add_mallopt(-3, sized(40 * kMiB));
      case 4:
        return add_mallopt(-4, random_.pick<std::int64_t>({0, 1, 3, 65536}));
      case 5:
        return add_mallopt(-1, -1);
      case 6:
        return add_mallopt(-6, habits_.perturbs ? random_.pick<std::int64_t>({0, 1, 255}) : 0);
      case 7:
        return add_mallopt(-7, sized(16));
      case 8:
        return add_mallopt(-8, sized(4));
      default:
        return add_mallopt(random_.pick<std::int64_t>({-5, 0, 2, -9, 100}), sized(1000));
    }
  }

  /// The program moves the break itself; now and then it takes it back at once. (Not where the
  /// first call may fail: the second would take the heap away.)
  void move_break() {
    std::uint64_t n = random_.any_scale(64) * kPage;
    if (habits_.unaligned_sbrk) n += random_.below(kPage);
    add({Verb::Sbrk, 0, n, 0});
    if (habits_.calls[CallBlock] == 0 && random_.once_in(4)) add({Verb::Sbrk, 0, -n, 0});
  }

  void fail() {
    switch (random_.below(4)) {
      case 0:
        return add({Verb::Malloc, store(), failing_size(), 0});
      case 1:
        return add({Verb::Calloc, store(), random_.between(2, 1 << 20), failing_size()});
      case 2:
        return add({Verb::Realloc, slot(), failing_size(), 0});
      default:
        return add(
            {Verb::Memalign, store(), failing_size(), std::uint64_t{16} << random_.below(58)});
    }
  }

  void step() {
    while (live_ > kMostLive) free_slot(fullest());
    switch (random_.weighted(habits_.calls)) {
      case CallMalloc:
        return add({Verb::Malloc, store(), size(), 0});
      case CallCalloc:
        return add_calloc();
      case CallRealloc:
        return reallocate();
      case CallMemalign:
        return align();
      case CallFree:
        return free_one();
      case CallFreeSome:
        return free_some();
      case CallTrim:
        return add({Verb::Trim, 0, random_.once_in(2) ? 0 : random_.any_scale(kMiB), 0});
      case CallMallopt:
        return set_parameter();
      case CallInfo:
        return add({random_.once_in(2) ? Verb::Info : Verb::MappedInfo, 0, 0, 0});
      case CallSbrk:
        return move_break();
      case CallBlock:
        return add({Verb::Block, 0, random_.any_scale(128) * kPage, 0});
      default:
        return fail();
    }
  }
  [[nodiscard]] std::uint32_t fullest() const {
    return static_cast<std::uint32_t>(std::max_element(sizes_.begin(), sizes_.end()) -
                                      sizes_.begin());
  }
  void add_calloc() {
    const std::uint64_t count = random_.between(1, 8);
    add({Verb::Calloc, store(), count, size() / count});
  }

  Random random_;
  Habits habits_;
  Trace trace_;
  std::vector<bool> is_used_;
  std::vector<std::uint64_t> sizes_;  ///< asked for, by slot
  std::uint64_t live_ = 0;            ///< their sum
  std::vector<std::uint32_t> order_;  ///< slots as they were filled; may name emptied ones
};

}  // namespace

Trace generate(std::uint64_t seed, const GeneratorLimits& limits) {
  return Generator{seed, limits}.take();
}

}  // namespace truth
