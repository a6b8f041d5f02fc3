// Kernel: made and ended here, where all its parts are known.
#include "pagesim/kernel/kernel.h"

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/mem_cgroup.h"

namespace pagesim::kernel {

Kernel::Kernel(const Profile& settings, const hardware::MachineConfig& config,
               hardware::PhysicalMemory& frames, Ledger& faults)
    : profile{settings},
      memory{frames},
      ledger{faults},
      swap{frames, config.geometry},
      walker{config.walker},
      page_shift{config.geometry.page_shift},
      memory_bytes_{config.memory_bytes} {}

Kernel::~Kernel() = default;

}  // namespace pagesim::kernel
