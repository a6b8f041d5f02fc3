// MemCgroup: charging, and the lists' beginnings.
#include "pagesim/kernel/mem_cgroup.h"

#include <cerrno>

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// The list a page that comes into memory starts on; none for tables and pages not reclaimed.
LruList first_list(const hardware::FrameRecord& page) {
  if (page.has(flag::Table | flag::HugeZero | flag::Hugetlb)) return LruList::None;
  if (page.has(flag::Anon | flag::Shmem)) return LruList::InactiveAnon;
  return page.has(flag::PageCache) ? LruList::InactiveFile : LruList::None;
}

}  // namespace

MemCgroup::MemCgroup(Kernel& kernel, std::uint64_t max)
    : kernel_{kernel}, max_{max}, finder_{kernel} {
  finder_.for_each_frame([&](FrameNumber frame) { arrivals_.push_back(frame); });
  add_arrivals();
  kernel_.memory.log_allocations(&arrivals_);
}

MemCgroup::~MemCgroup() { kernel_.memory.log_allocations(nullptr); }

void MemCgroup::add_arrivals() {
  for (const FrameNumber frame : arrivals_) {
    const LruList list = first_list(kernel_.memory.record(frame));
    if (list == LruList::None) continue;
    lru_.add(list, frame);
    lru_.set_referenced(frame, false);
  }
  arrivals_.clear();
}

bool MemCgroup::try_charge() {
  add_arrivals();
  while (is_over())
    if (shrink_lruvec(kernel_, lru_, finder_) == 0) return false;
  return true;
}

int set_memory_limit(Kernel& kernel, std::uint64_t bytes) {
  const std::uint64_t before = kernel.mem_cgroup ? kernel.mem_cgroup->max() : ~std::uint64_t{0};
  kernel.mem_cgroup.reset();
  if (bytes == ~std::uint64_t{0}) return 0;
  kernel.mem_cgroup = std::make_unique<MemCgroup>(kernel, bytes >> kernel.page_shift);
  if (kernel.mem_cgroup->try_charge()) return 0;
  kernel.mem_cgroup.reset();
  if (before != ~std::uint64_t{0}) kernel.mem_cgroup = std::make_unique<MemCgroup>(kernel, before);
  return EBUSY;
}

}  // namespace pagesim::kernel
