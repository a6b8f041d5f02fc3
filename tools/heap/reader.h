// read_heap: the picture of a heap in any memory that can be read.
#pragma once

#include <concepts>

#include "allocator/check_caches.h"
#include "tools/heap/mapped_chunks.h"
#include "tools/heap/picture_maker.h"
#include "tools/heap/region_search.h"
#include "tools/heap/surroundings.h"

namespace tools::heap {

/// Loads from anywhere, also from where nothing is: that reads as zeros, and is_there tells.
template <class M>
concept PeekingMemory = allocator::ReadableMemory<M> && requires(M m, VirtAddr at) {
  { m.is_there(at) } -> std::same_as<bool>;
  { m.surroundings() } -> std::same_as<Surroundings>;
};

/// Reads one heap. Policy: glibc's layout, or libfaultline.so's.
template <PeekingMemory M, class Policy>
class Reader {
 public:
  Reader(M memory, Surroundings around)
      : m_{memory}, around_{std::move(around)}, walk_{m_, around_.roots, maker_} {}

  [[nodiscard]] HeapPicture read() {
    if (!around_.initialized) return {};
    walk_.walk_arenas();
    read_caches();
    read_arenas();
    if (walk_.found() && caches_.found()) find_other_regions();
    std::vector<Region> mapped = find_mapped_chunks(m_, around_, maker_.regions());
    HeapPicture picture = std::move(maker_).picture(around_.caches);
    picture.initialized = true;
    picture.arenas = std::move(arenas_);
    picture.caches = around_.caches;
    picture.thresholds = around_.thresholds;
    std::move(mapped.begin(), mapped.end(), std::back_inserter(picture.regions));
    std::sort(picture.regions.begin(), picture.regions.end(),
              [](const Region& a, const Region& b) { return a.begin < b.begin; });
    name_arenas(picture);
    picture.broken = broken();
    return picture;
  }

 private:
  using Arena = allocator::Arena<M>;

  void read_caches() {
    for (const VirtAddr block : around_.caches) {
      if constexpr (Policy::kTcache) {
        walk_.check_tcache({m_, block});
      } else {
        caches_.check_thread({m_, block});
      }
    }
  }

  void read_arenas() {
    constexpr std::size_t kMost = 65536;
    const Arena main = Arena::main(m_);
    Arena av = main;
    do {
      arenas_.push_back(read_arena(av));
      if constexpr (!Policy::kTcache) caches_.check_depots(av);
      av = av.next();
    } while (av != main && !av.is_null() && arenas_.size() < kMost);
  }

  [[nodiscard]] static ArenaPicture read_arena(Arena av) {
    const bool has_memory = av.top() != av.initial_top();
    return {.at = av.at(),
            .top = has_memory ? av.top().at() : VirtAddr{},
            .last_remainder = av.last_remainder().at(),
            .contiguous = av.contiguous(),
            .have_fast = av.have_fast(),
            .system_mem = av.system_mem(),
            .max_system_mem = av[Arena::kMaxSystemMem],
            .attached = av[Arena::kAttached]};
  }

  /// The main arena's memory behind memory of somebody else: found from the chunks known to lie
  /// there, which are those of its lists, and top.
  void find_other_regions() {
    std::vector<VirtAddr> known = maker_.members_without_region();
    const VirtAddr top = arenas_.front().top;
    if (!top.is_null() && !maker_.covers(top)) known.push_back(top);
    std::sort(known.begin(), known.end());
    for (const VirtAddr chunk : known) {
      while (!maker_.covers(chunk)) {
        const VirtAddr lowest = lowest_start(around_.areas, maker_.regions(), chunk);
        const VirtAddr begin = find_first_chunk(m_, lowest, chunk);
        maker_.next_is_searched();
        walk_.walk_segment({begin, end_of_region(begin), Arena::main(m_).at()});
        if (begin == chunk) break;
      }
    }
  }
  [[nodiscard]] VirtAddr end_of_region(VirtAddr begin) const {
    const Arena main = Arena::main(m_);
    const auto top = main.top();
    const VirtAddr most = begin + main.system_mem();
    return begin <= top.at() && top.at() < most ? top.after(top.top_size()).at() : most;
  }

  void name_arenas(HeapPicture& picture) const {
    for (Region& region : picture.regions) {
      for (std::size_t i = 0; i < arenas_.size(); ++i) {
        if (region.owner == arenas_[i].at) region.arena = i;
      }
    }
  }

  [[nodiscard]] std::optional<BrokenRule> broken() const {
    for (const allocator::HeapCheck& check : {walk_.found(), caches_.found()}) {
      if (check) continue;
      const bool there = m_.is_there(check.at + allocator::kWord);
      return BrokenRule{there ? check.broken : "it lies in memory that is not there", check.at};
    }
    return std::nullopt;
  }

  M m_;
  Surroundings around_;
  PictureMaker maker_;
  allocator::HeapWalk<M, Policy, PictureMaker> walk_;
  allocator::CacheWalk<M, PictureMaker> caches_{m_, maker_};
  std::vector<ArenaPicture> arenas_;
};

/// The caller keeps the heap from changing meanwhile.
template <class Policy = allocator::Glibc236, PeekingMemory M>
[[nodiscard]] HeapPicture read_heap(M memory) {
  return Reader<M, Policy>{memory, memory.surroundings()}.read();
}

}  // namespace tools::heap
