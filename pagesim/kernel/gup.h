// gup: the kernel makes user pages present on its own: populate, mlock, O_DIRECT, process_vm_*.
#pragma once

#include "pagesim/address.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/result.h"

namespace pagesim::kernel {

struct GupRequest {
  VirtAddr start;  ///< the first byte; pages are visited in ascending order
  VirtAddr end;
  Access access = Access::Read;
  bool pinned = false;  ///< a read wants pages nobody else can change by copy on write
  AccessTag tag{};
  bool force = false;        ///< the area's protection is not asked, as far as no file is stored to
  bool starts_over = false;  ///< after a wait for the disk, so that the page found then is minor
  bool grows = false;        ///< a growing area above a page reaches down to it
  bool waits_in_place = false;  ///< for a page being read, as it cannot let go of the areas' lock
};

/// Makes every page of [start, end) accessible, one counted fault for each that is not. Bytes
/// done; EFAULT when not even the first page could be; ENOMEM without frames.
SysResult<std::size_t> get_user_pages(Mm& mm, const Current& current, const GupRequest& request);

/// The areas of [start, end) with the access mlock and MAP_POPULATE use: a write where that breaks
/// copy on write in advance, and whatever their protection, if it allows data. What is locked
/// on fault waits. 0, or the errno that ended it.
int mm_populate(Mm& mm, const Current& current, VirtAddr start, VirtAddr end);

}  // namespace pagesim::kernel
