// Process: construction, flushes, end.
#include "pagesim/process.h"

#include "pagesim/kernel/areas.h"

namespace pagesim {

namespace {

kernel::MmLimits limits_of(const Layout& layout) {
  kernel::MmLimits limits;
  limits.task_size = layout.task_size;
  limits.map_window = layout.map_window;
  limits.mmap_base = layout.mmap_base;
  limits.unmapped_base = layout.unmapped_base;
  limits.stack_pointer = layout.stack_top - layout.stack_bytes;
  limits.stack = layout.stack_limit;
  limits.data = layout.data_limit;
  limits.address_space = layout.address_space_limit;
  return limits;
}

}  // namespace

Process::Process(kernel::Kernel& kernel, const hardware::MachineConfig& config, hardware::Tlb& tlb,
                 FlushLog& flushes, const Layout& layout, std::uint32_t index)
    : random{config.seed * 0x9e37'79b9'7f4a'7c15u + index},
      stack_base{layout.stack_top - layout.stack_bytes},
      index_{index},
      flushes_{flushes},
      layout_{layout},
      mm_{kernel, config.geometry, limits_of(layout)},
      mmu_{mm_.tables, tlb, config.walker} {
  mm_.tlb = this;
  mm_.start_brk = layout.heap;
  mm_.brk = layout.heap;
}

void Process::exit_mm() {
  (void)kernel::unmap_region(mm_, VirtAddr{}, mm_.limits.task_size);
  mmu_.retire();
}

std::size_t Process::flush(const kernel::FlushRequest& request,
                           std::vector<hardware::CachedTranslation>* dropped) {
  if (request.kind == kernel::FlushKind::All) return mmu_.flush_all(dropped);
  return mmu_.flush(request.start, request.end, dropped);
}

void Process::flush_tlb(const kernel::FlushRequest& request) {
  if (!flushes_.keeps_records()) return flushes_.count(request, flush(request, nullptr));
  std::vector<hardware::CachedTranslation> dropped;
  flushes_.count(request, flush(request, &dropped));
  FlushRecord record{index_, request, {}, mmu_.stale().size()};
  for (const hardware::CachedTranslation& each : dropped)
    record.dropped.push_back({each.page, each.level, mmu_.physical(each).raw() >> mm_.page_shift(),
                              mmu_.is_stale(each)});
  flushes_.file(std::move(record));
}

}  // namespace pagesim
