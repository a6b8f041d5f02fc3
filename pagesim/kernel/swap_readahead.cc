// swap_readahead: window sizes from hits, and the pages of a window.
#include "pagesim/kernel/swap_readahead.h"

#include <algorithm>
#include <bit>

#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// Pages to read at once: two more than the last window brought hits, as a power of two; one when
/// there were none and the page is no neighbour of the last; never less than half the last window.
unsigned window_size(unsigned hits, bool neighbour, unsigned last_window, unsigned most) {
  unsigned pages = hits + 2;
  if (hits == 0)
    pages = neighbour ? 2 : 1;
  else
    pages = std::bit_ceil(pages);
  return std::min(std::max(pages, last_window / 2), most);
}

/// Pages around the address, ahead of it when the last fault was next to it.
bool read_vma_window(VmFault& vmf, unsigned most) {
  Mm& mm = vmf.mm;
  const unsigned shift = mm.page_shift();
  SwapReadahead& state = vmf.vma.swap_readahead;
  const std::uint64_t page = vmf.request.address.raw() >> shift;
  const bool after = page == state.page + 1;
  const bool before = page + 1 == state.page;
  const unsigned window = window_size(state.hits, after || before, state.window, most);
  state = {page, window, 0};
  const std::uint64_t left = after ? 0 : before ? window - 1 : (window - 1) / 2;
  const std::uint64_t span = mm.tables.span(1);
  const VirtAddr table = vmf.request.address.align_down(span);
  const VirtAddr lowest = std::max(vmf.vma.start, table);
  const VirtAddr highest = std::min(vmf.vma.end, table + span);
  const std::uint64_t room = (vmf.page_start() - lowest) >> shift;
  const VirtAddr start = vmf.page_start() - (std::min(left, room) << shift);
  const VirtAddr end = std::min(highest, vmf.page_start() + ((window - left) << shift));
  const Ptes ptes{mm};
  bool read = true;
  mm.tables.visit(start, end, [&](VirtAddr at, const Entry* entry, unsigned) {
    if (ptes.kind(*entry) != NonPresent::Swap || at == vmf.page_start()) return;
    read &= read_swap_cache(mm.kernel, ptes.swap_slot(*entry), true);
  });
  return read;
}

/// The aligned cluster of slots around the one that is needed.
bool read_slot_cluster(Kernel& kernel, SwapSlot slot, unsigned most) {
  Swap& swap = kernel.swap;
  const Swap::ClusterHistory last = swap.history;
  const auto number = static_cast<std::uint64_t>(slot);
  const bool neighbour = number == last.previous_slot + 1 || number + 1 == last.previous_slot;
  const unsigned window = window_size(last.hits, neighbour, last.last_window, most);
  swap.history = {number, window, 0};
  const std::uint64_t first = number & ~std::uint64_t{window - 1};
  for (std::uint64_t each = first; each < first + window; ++each) {
    const SwapSlot other{each};
    if (other != slot && swap.exists(other) && !read_swap_cache(kernel, other, true)) return false;
  }
  return true;
}

}  // namespace

bool read_swap_cache(Kernel& kernel, SwapSlot slot, bool read_ahead) {
  if (kernel.swap.cached(slot)) return true;
  const auto frame = kernel.memory.allocate();
  if (!frame) return false;
  kernel.memory.record(*frame).set(flag::Anon);
  kernel.swap.read(slot, *frame);
  kernel.swap.add_to_cache(slot, *frame, read_ahead);
  return true;
}

bool swapin_readahead(VmFault& vmf, SwapSlot slot) {
  Kernel& kernel = vmf.mm.kernel;
  if (!read_swap_cache(kernel, slot, false)) return false;
  const unsigned most = 1u << kernel.profile.page_cluster;
  if (most == 1 || vmf.vma.has(vm_flag::RandomRead)) return true;
  // A window that does not fit into memory is cut short; the page itself is there.
  if (kernel.profile.swap == SwapDevice::Disk)
    (void)read_slot_cluster(kernel, slot, most);
  else
    (void)read_vma_window(vmf, most);
  return true;
}

void note_swap_hit(const VmFault& vmf, SwapSlot slot) {
  if (!vmf.mm.kernel.swap.take_readahead_mark(slot)) return;
  ++vmf.mm.kernel.swap.history.hits;
  ++vmf.vma.swap_readahead.hits;
}

}  // namespace pagesim::kernel
