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

Process::Process(kernel::Kernel& kernel, const hardware::MachineConfig& config,
                 const Layout& layout, std::uint32_t index)
    : random{config.seed * 0x9e37'79b9'7f4a'7c15u + index},
      stack_base{layout.stack_top - layout.stack_bytes},
      index_{index},
      layout_{layout},
      mm_{kernel, config.geometry, limits_of(layout)},
      mmu_{mm_.tables, config.tlb, config.walker} {
  mm_.tlb = this;
  mm_.start_brk = layout.heap;
  mm_.brk = layout.heap;
}

void Process::exit_mm() { (void)kernel::unmap_region(mm_, VirtAddr{}, mm_.limits.task_size); }

void Process::flush_tlb_range(VirtAddr start, VirtAddr end) {
  const unsigned shift = mm_.page_shift();
  mmu_.flush(start.page(shift), (end - 1).page(shift));
}

void Process::flush_tlb_tables() { mmu_.flush_all(); }

}  // namespace pagesim
