// The entry format of each architecture.
#include "pagesim/hardware/entry.h"

#include "pagesim/check.h"
#include "pagesim/hardware/arch/arm64.h"
#include "pagesim/hardware/arch/x86.h"

namespace pagesim::hardware {

namespace {

const EntryFormat& x86_format(const Geometry& geometry) noexcept {
  if (geometry.is_pae()) return x86::kPae;
  return geometry.entry_bytes == 4 ? x86::kI386 : x86::kFormat;
}

const EntryFormat& arm64_format(const Geometry& geometry) noexcept {
  switch (geometry.page_shift) {
    case 12:
      return geometry.address_bits() == 52 ? arm64::kFormat4kLpa2 : arm64::kFormat4k;
    case 14:
      return geometry.address_bits() == 52 ? arm64::kFormat16kLpa2 : arm64::kFormat16k;
    default:
      check(geometry.page_shift == 16, "arm64 pages have 4, 16 or 64 KiB");
      return arm64::kFormat64k;
  }
}

}  // namespace

const EntryFormat& entry_format(const Geometry& geometry) noexcept {
  return geometry.arch == Arch::X86 ? x86_format(geometry) : arm64_format(geometry);
}

}  // namespace pagesim::hardware
