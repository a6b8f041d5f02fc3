// Drawing a program's habits, and sizes by them.
#include "tests/truth/malloc_habits.h"

#include <algorithm>

namespace truth {
namespace {

void draw_sizes(Habits& habits, Random& random) {
  for (unsigned& weight : habits.sizes) {
    weight = static_cast<unsigned>(random.once_in(3) ? 0 : random.any_scale(100));
  }
  habits.sizes[Cached] += 1;
  habits.seam = random.between(33, 512) * kPage;
  habits.seam_once_in = random.pick<std::uint64_t>({2, 8, 32});
  habits.sizes[Giant] = random.once_in(8) ? 1 : 0;
  if (!random.once_in(3)) return;
  const auto count = random.between(1, 6);
  for (std::uint64_t i = 0; i < count; ++i) habits.favourites.push_back(draw_size(habits, random));
}

void draw_calls(Habits& habits, Random& random) {
  auto& calls = habits.calls;
  calls[CallMalloc] = 100;
  calls[CallCalloc] = static_cast<unsigned>(random.any_scale(60));
  calls[CallRealloc] = static_cast<unsigned>(random.any_scale(80));
  calls[CallMemalign] = static_cast<unsigned>(random.any_scale(40));
  calls[CallFree] = static_cast<unsigned>(random.between(60, 160));
  calls[CallFreeSome] = random.once_in(2) ? 2 : 0;
  calls[CallTrim] = random.once_in(3) ? 1 : 0;
  calls[CallMallopt] = random.once_in(4) ? 1 : 0;
  calls[CallInfo] = 1;
  calls[CallFailing] = random.once_in(4) ? 1 : 0;
  habits.free_order = random.below(kFreeOrders);
  habits.max_alignment = random.once_in(4) ? 64 * 1024 : kPage;
  habits.perturbs = random.once_in(20);
}

/// Unaligned breaks and a heap in pieces do not go together: the library rightly aborts.
void draw_surroundings(Habits& habits, Random& random) {
  switch (random.below(6)) {
    case 0:
      habits.calls[CallSbrk] = static_cast<unsigned>(random.between(1, 10));
      habits.unaligned_sbrk = random.once_in(3);
      break;
    case 1:
      habits.calls[CallBlock] = 1;
      habits.calls[CallSbrk] = static_cast<unsigned>(random.below(3));
      break;
    case 2:
      habits.address_space = random.between(8, 300) * kMiB;
      break;
    default:
      break;
  }
  if (habits.unaligned_sbrk) habits.calls[CallFailing] = 0;
  habits.never_maps = random.once_in(4);
}

/// At the seams of the library's rules: class limits, thresholds, trim sizes.
std::uint64_t seam(const Habits& habits, Random& random) {
  const auto limit = random.pick<std::uint64_t>({24, 120, 128, 160, 176, 1008, 1024, 1032, 1040,
                                                 4096, 65'536, 65'536, 131'072, 131'072, 135'168,
                                                 kMiB, habits.seam, habits.seam});
  return limit + 16 * random.below(7) - std::min<std::uint64_t>(limit, 48 + random.below(2) * 8);
}

}  // namespace

Habits draw_habits(Random& random) {
  Habits habits;
  draw_sizes(habits, random);
  draw_calls(habits, random);
  draw_surroundings(habits, random);
  return habits;
}

std::uint64_t draw_size(const Habits& habits, Random& random) {
  if (random.once_in(habits.seam_once_in)) return seam(habits, random);
  switch (random.weighted(habits.sizes)) {
    case Tiny:
      return random.between(0, 24);
    case Fast:
      return random.between(0, 176);
    case Cached:
      return random.between(0, 1100);
    case Large:
      return random.between(1000, 20'000);
    case Big:
      return random.between(20'000, 140'000);
    case Mapped:
      return random.between(120'000, 2 * kMiB);
    default:
      return random.between(kMiB, 40 * kMiB);
  }
}

std::string draw_tunables(const Habits& habits, bool huge_pages, Random& random) {
  std::string text;
  const auto set = [&text](const char* name, std::uint64_t value) {
    text += (text.empty() ? "" : ":") + std::string("glibc.malloc.") + name + '=' +
            std::to_string(value);
  };
  if (random.once_in(2)) set("tcache_count", random.pick<std::uint64_t>({0, 1, 2, 20, 300}));
  if (random.once_in(3)) set("tcache_max", random.any_scale(1100));
  if (random.once_in(4)) set("tcache_unsorted_limit", random.between(0, 8));
  if (random.once_in(4)) set("mxfast", random.any_scale(170));
  if (random.once_in(4)) set("top_pad", random.any_scale(4 * kMiB));
  if (random.once_in(4)) set("trim_threshold", random.any_scale(8 * kMiB));
  if (random.once_in(4)) set("mmap_threshold", random.any_scale(4 * kMiB));
  if (random.once_in(5)) set("mmap_max", random.pick<std::uint64_t>({0, 1, 5, 65536}));
  if (random.once_in(5)) set("arena_max", random.between(1, 3));
  if (random.once_in(8)) set("perturb", random.below(256));
  // With huge pages the first growth depends on whether the break was asked for before, which
  // Malloc takes to be so only after its own first question.
  if (huge_pages && habits.calls[CallSbrk] == 0 && random.once_in(5)) set("hugetlb", 1);
  return text;
}

}  // namespace truth
