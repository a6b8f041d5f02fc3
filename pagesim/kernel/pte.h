// pte: what the kernel reads from and writes into page-table entries.
#pragma once

#include <cstdint>

#include "pagesim/hardware/entry.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/swap.h"
#include "pagesim/kernel/vma.h"

namespace pagesim::kernel {

/// What an entry that is not present stands for. Hardware ignores its bits, but for the lowest.
enum class NonPresent : std::uint8_t { None, Swap, Guard };

/// Layout of a non-present entry: 0 | kind (3 bits) | exclusive | ... | offset from bit 12.
namespace nonpresent {
inline constexpr unsigned kKindShift = 1;
inline constexpr Entry kKindMask = 7u << kKindShift;
inline constexpr Entry kExclusive = 1u << 4;
inline constexpr unsigned kOffsetShift = 12;
}  // namespace nonpresent

[[nodiscard]] constexpr Entry make_nonpresent(NonPresent kind, std::uint64_t offset = 0,
                                              bool exclusive = false) noexcept {
  return (static_cast<Entry>(kind) << nonpresent::kKindShift) |
         (exclusive ? nonpresent::kExclusive : 0u) | (offset << nonpresent::kOffsetShift);
}

/// Entries as one architecture writes them. A page is "mapped" when the entry is present, or would
/// be but for PROT_NONE.
class Ptes {
 public:
  explicit Ptes(const Mm& mm) noexcept : format_{mm.tables.format()}, shift_{mm.page_shift()} {}

  [[nodiscard]] bool mapped(Entry entry) const noexcept {
    return format_.present.in(entry) || (entry & format_.prot_none) != 0;
  }
  [[nodiscard]] NonPresent kind(Entry entry) const noexcept {
    if (entry == 0 || mapped(entry)) return NonPresent::None;
    return NonPresent{
        static_cast<std::uint8_t>((entry & nonpresent::kKindMask) >> nonpresent::kKindShift)};
  }
  /// Of an entry whose kind is Swap.
  [[nodiscard]] static SwapSlot swap_slot(Entry entry) noexcept {
    return SwapSlot{entry >> nonpresent::kOffsetShift};
  }
  [[nodiscard]] bool writable(Entry entry) const noexcept { return format_.writable.in(entry); }
  [[nodiscard]] bool young(Entry entry) const noexcept { return format_.accessed.in(entry); }
  [[nodiscard]] bool dirty(Entry entry) const noexcept {
    return format_.dirty.in(entry) || (entry & format_.saved_dirty) != 0;
  }
  [[nodiscard]] FrameNumber frame(Entry entry) const noexcept {
    return format_.frame(entry, shift_);
  }
  [[nodiscard]] bool is_zero_page(Entry entry) const noexcept {
    return mapped(entry) && frame(entry) == hardware::kZeroFrame;
  }
  /// Writable, dirty and accessed: as after a store.
  [[nodiscard]] Entry mkwrite(Entry entry) const noexcept { return format_.stored.set(entry); }
  /// After a store that only get_user_pages may make, the page is dirty and still not writable.
  [[nodiscard]] Entry maybe_mkwrite(Entry entry, const Vma& vma) const noexcept {
    return vma.is_writable() ? mkwrite(entry) : mkdirty(mkyoung(entry));
  }
  /// Writable; the next store is not heard of, so what was dirty says so again.
  [[nodiscard]] Entry allow_write(Entry entry) const noexcept {
    const Entry writable = format_.writable.set(entry);
    return (entry & format_.saved_dirty) != 0 ? mkdirty(writable & ~format_.saved_dirty) : writable;
  }
  [[nodiscard]] Entry mkdirty(Entry entry) const noexcept {
    if (format_.saved_dirty != 0 && !format_.writable.in(entry)) return entry | format_.saved_dirty;
    return format_.dirty.set(entry) | format_.written;
  }
  [[nodiscard]] Entry wrprotect(Entry entry) const noexcept {
    if (format_.saved_dirty != 0 && format_.dirty.in(entry))
      entry = format_.dirty.clear(entry) | format_.saved_dirty;
    return format_.writable.clear(entry);
  }
  [[nodiscard]] Entry mkclean(Entry entry) const noexcept {
    return format_.dirty.clear(entry) & ~format_.saved_dirty;
  }
  [[nodiscard]] Entry mkyoung(Entry entry) const noexcept { return format_.accessed.set(entry); }
  [[nodiscard]] Entry mkold(Entry entry) const noexcept { return format_.accessed.clear(entry); }
  /// The entry, for the zero page: accessed, and nobody may store there.
  [[nodiscard]] Entry zero_page(Entry entry) const noexcept {
    return mkspecial(mkyoung(wrprotect(mkclean(with_frame(entry, hardware::kZeroFrame)))));
  }
  [[nodiscard]] Entry mkspecial(Entry entry) const noexcept { return entry | format_.special; }
  [[nodiscard]] Entry mkhuge(Entry entry) const noexcept { return format_.large.set(entry); }
  [[nodiscard]] Entry clear_huge(Entry entry) const noexcept { return format_.large.clear(entry); }
  [[nodiscard]] Entry with_frame(Entry entry, FrameNumber frame) const noexcept {
    return (entry & ~format_.address_mask) | (Entry{static_cast<std::uint32_t>(frame)} << shift_);
  }
  /// An entry for a frame with the protection new pages of an area get (vm_page_prot).
  [[nodiscard]] Entry make(FrameNumber frame, const Vma& vma) const noexcept {
    return (Entry{static_cast<std::uint32_t>(frame)} << shift_) | vma.vm_page_prot;
  }
  /// The same frame, dirty and accessed bits, with an area's protection (pte_modify).
  [[nodiscard]] Entry modify(Entry entry, const Vma& vma) const noexcept {
    const Entry kept = format_.address_mask | format_.accessed.mask | format_.special |
                       (format_.large.in(entry) ? format_.large.mask : 0);
    const Entry changed = (entry & kept) | (vma.vm_page_prot & ~kept);
    return dirty(entry) ? mkdirty(changed) : changed;
  }
  /// Vma::vm_page_prot. Private areas never have write permission by default, so that the first
  /// write is seen; shared ones do, unless the file wants to hear of it (spec/linux-faults section
  /// 1).
  [[nodiscard]] Entry vm_page_prot(const Vma& vma) const noexcept;

 private:
  const hardware::EntryFormat& format_;
  unsigned shift_;
};

}  // namespace pagesim::kernel
