// Mm: finding, cutting and joining areas; counters.
#include "pagesim/kernel/mm.h"

#include <sys/mman.h>

#include <algorithm>

#include "pagesim/check.h"
#include "pagesim/kernel/arch.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/zap.h"

namespace pagesim::kernel {

Mm::Mm(Kernel& owner, const hardware::Geometry& geometry, const MmLimits& bounds)
    : kernel{owner}, tables{geometry, owner.memory}, limits{bounds} {
  kernel.address_spaces.push_back(this);
}

Mm::~Mm() {
  zap_range(*this, VirtAddr{}, limits.task_size);
  std::erase(kernel.address_spaces, this);
}

Vma* Mm::previous(const Vma& vma) noexcept {
  const auto here = areas_.upper_bound(vma.start);
  return here == areas_.begin() ? nullptr : &*std::prev(here);
}

Vma* Mm::next(const Vma& vma) noexcept { return find_vma(vma.end); }

void Mm::adopt(Vma vma) {
  account(vma, static_cast<std::int64_t>(vma.length() >> page_shift()));
  keep_protection(vma);
  areas_.insert(std::move(vma));
}

Vma& Mm::insert(Vma vma) {
  const VirtAddr start = vma.start;
  const VirtAddr end = vma.end;
  adopt(std::move(vma));
  merge(start, end);
  return *find_vma(start);
}

void Mm::split(VirtAddr at) {
  Vma* lower = find_vma(at);
  if (lower == nullptr || lower->start >= at) return;
  check(at.is_aligned(page_size()), "areas are cut at page boundaries");
  Vma upper = *lower;
  upper.start = at;
  upper.pgoff += (at - lower->start) >> page_shift();
  areas_.set_end(*lower, at);
  areas_.insert(std::move(upper));
}

void Mm::erase(VirtAddr start, VirtAddr end) {
  // From the highest down: what is left of a chunk stays where it is.
  for (auto it = areas_.starting_from(end);
       it != areas_.begin() && std::prev(it)->start >= start;) {
    --it;
    check(it->end <= end, "areas were cut at the edges of what is taken away");
    account(*it, -static_cast<std::int64_t>(it->length() >> page_shift()));
    it = areas_.erase(it);
  }
  note_hole(start, end);
}

/// The hole that came to be around [start, end) may be larger.
void Mm::note_hole(VirtAddr start, VirtAddr end) noexcept {
  const auto above = areas_.starting_from(start);
  if (above != areas_.end()) end = std::max(end, above->start);
  if (above != areas_.begin()) start = std::min(start, std::prev(above)->end);
  if (end <= free_areas.begin) return;
  if (start < free_areas.begin)
    free_areas.begin = end;
  else
    free_areas.largest_hole = std::max<std::size_t>(free_areas.largest_hole, end - start);
}

bool Mm::are_continuous(const Vma& lower, const Vma& upper) const noexcept {
  return lower.end == upper.start && lower.flags == upper.flags && lower.file == upper.file &&
         lower.pgoff + (lower.length() >> page_shift()) == upper.pgoff;
}

bool Mm::can_merge(const Vma& lower, const Vma& upper) const noexcept {
  return are_continuous(lower, upper) && lower.prot == upper.prot &&
         (lower.anon_vma == upper.anon_vma || lower.anon_vma == AnonVma::None ||
          upper.anon_vma == AnonVma::None);
}

AnonVma Mm::mergeable_anon_vma(const Vma& vma) noexcept {
  const Vma* above = next(vma);
  if (above != nullptr && above->anon_vma != AnonVma::None && are_continuous(vma, *above))
    return above->anon_vma;
  const Vma* below = previous(vma);
  if (below != nullptr && below->anon_vma != AnonVma::None && are_continuous(*below, vma))
    return below->anon_vma;
  return AnonVma{kernel.next_anon_vma()};
}

void Mm::set_prot(Vma& vma, std::uint8_t prot) noexcept {
  const auto pages = static_cast<std::int64_t>(vma.length() >> page_shift());
  account(vma, -pages);
  vma.prot = prot;
  keep_protection(vma);
  account(vma, pages);
}

void Mm::keep_protection(Vma& vma) const noexcept {
  vma.flags &= ~std::uint32_t{vm_flag::ExecuteOnly};
  if (vma.prot == PROT_EXEC && has_execute_only_pkey(*this)) vma.flags |= vm_flag::ExecuteOnly;
  vma.vm_page_prot = Ptes{*this}.vm_page_prot(vma);
}

void Mm::merge(VirtAddr start, VirtAddr end) {
  auto it = areas_.starting_from(start);
  if (it != areas_.begin()) --it;
  while (it != areas_.end()) {
    const auto upper = std::next(it);
    if (upper == areas_.end() || upper->start > end) return;
    if (!can_merge(*it, *upper)) {
      it = upper;
      continue;
    }
    it->anon_vma = std::max(it->anon_vma, upper->anon_vma);
    it->guarded |= upper->guarded;
    const VirtAddr joined_end = upper->end;
    it = std::prev(areas_.erase(upper));
    areas_.set_end(*it, joined_end);
  }
}

void Mm::grow_down(Vma& vma, VirtAddr start) {
  const std::uint64_t pages = (vma.start - start) >> page_shift();
  vma.start = start;
  vma.pgoff -= pages;
  account(vma, static_cast<std::int64_t>(pages));
}

void Mm::resize(Vma& vma, VirtAddr end) noexcept {
  const auto change = static_cast<std::int64_t>(end - vma.end) >> page_shift();
  account(vma, change);
  areas_.set_end(vma, end);
}

VirtAddr Mm::start_with_gap(const Vma& vma) const noexcept {
  if (!vma.has(vm_flag::Growsdown)) return vma.start;
  const std::uint64_t gap = kernel.profile.stack_guard_gap << page_shift();
  return vma.start.raw() > gap ? vma.start - gap : VirtAddr{};
}

bool Mm::is_free(VirtAddr start, VirtAddr end) noexcept {
  const Vma* above = find_vma(start);
  return above == nullptr || above->start >= end;
}

bool Mm::is_covered(VirtAddr start, VirtAddr end) noexcept {
  while (start < end) {
    const Vma* vma = find_vma(start);
    if (vma == nullptr || vma->start > start) return false;
    start = vma->end;
  }
  return true;
}

void Mm::account(const Vma& vma, std::int64_t pages) noexcept {
  total_vm_ += static_cast<std::uint64_t>(pages);
  const bool data =
      !vma.is_shared() && (vma.prot & PROT_WRITE) != 0 && !vma.has(vm_flag::Growsdown);
  if (data) data_vm_ += static_cast<std::uint64_t>(pages);
}

Rss Mm::rss() const noexcept {
  const auto bytes = [this](RssKind kind) {
    return rss_[static_cast<unsigned>(kind)] << page_shift();
  };
  return {bytes(RssKind::Anon), bytes(RssKind::File), bytes(RssKind::Shmem), bytes(RssKind::Swap),
          tables.tables() << page_shift()};
}

std::int64_t Mm::peak_rss() const noexcept { return std::max(peak_, resident()) << page_shift(); }

}  // namespace pagesim::kernel
