// The entry format of each architecture.
#include "pagesim/hardware/entry.h"

#include "pagesim/check.h"
#include "pagesim/hardware/arch/x86.h"

namespace pagesim::hardware {

const EntryFormat& entry_format(const Geometry& geometry) noexcept {
  check(geometry.arch == Arch::X86, "only x86 page tables are known");
  return x86::kFormat;
}

}  // namespace pagesim::hardware
