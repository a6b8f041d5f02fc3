// syscalls: what the memory system calls do to an address space (spec/linux-faults section 11).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/result.h"

namespace pagesim::kernel {

struct MmapRequest {
  VirtAddr hint;
  std::size_t length = 0;
  int prot = 0;
  int flags = 0;
  std::shared_ptr<File> file;
  std::uint64_t offset = 0;  ///< bytes
};

struct MremapRequest {
  VirtAddr old;
  std::size_t old_length = 0;
  std::size_t new_length = 0;
  int flags = 0;
  VirtAddr new_address;
};

SysResult<VirtAddr> sys_mmap(Mm& mm, const Current& current, const MmapRequest& request);
SysResult<Done> sys_munmap(Mm& mm, VirtAddr at, std::size_t length);
/// The break after the call, changed or not.
VirtAddr sys_brk(Mm& mm, const Current& current, VirtAddr wanted);
SysResult<VirtAddr> sys_mremap(Mm& mm, const Current& current, const MremapRequest& request);
SysResult<Done> sys_mprotect(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                             int prot);
SysResult<Done> sys_madvise(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                            int advice);
SysResult<Done> sys_mlock(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                          bool on_fault);
SysResult<Done> sys_munlock(Mm& mm, VirtAddr at, std::size_t length);
/// MS_SYNC: dirty pages of shared file mappings are written back.
SysResult<Done> sys_msync(Mm& mm, VirtAddr at, std::size_t length);
/// What reclaim does to a range sooner or later; no system call.
SysResult<Done> swap_out_range(Mm& mm, VirtAddr at, std::size_t length);
SysResult<std::vector<std::uint8_t>> sys_mincore(Mm& mm, VirtAddr at, std::size_t length);

}  // namespace pagesim::kernel
