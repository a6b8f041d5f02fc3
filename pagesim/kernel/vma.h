// Vma: a stretch of an address space with one protection and one backing.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <memory>

#include "pagesim/address.h"

namespace pagesim::kernel {

class File;

namespace vm_flag {
enum Flag : std::uint32_t {
  Shared = 1u << 0,
  Growsdown = 1u << 1,
  Locked = 1u << 2,
  LockOnFault = 1u << 3,
  DontFork = 1u << 4,
  WipeOnFork = 1u << 5,
  RandomRead = 1u << 6,
  SequentialRead = 1u << 7,
  Hugepage = 1u << 8,
  NoHugepage = 1u << 9,
  Noreserve = 1u << 10,
  Mergeable = 1u << 11,
  Hugetlb = 1u << 12,
  ExecuteOnly = 1u << 13,  ///< by a protection key; follows from the protection, kept by Mm
  Account = 1u << 14       ///< its memory is charged as committed
};
}  // namespace vm_flag

/// Which neighbours may become one: 0 until the first anonymous page (spec/linux-faults section 1).
/// Split parts and forked copies keep the number; fork copies entries only where there is one.
enum class AnonVma : std::uint64_t { None = 0 };

/// What reading swapped pages ahead remembers of an area.
struct SwapReadahead {
  std::uint64_t page = 0;  ///< of the last fault that read, as a page number
  unsigned window = 0;
  unsigned hits = 4;  ///< pages read ahead and then used; as if some had been, to begin with
};

/// [start, end), page aligned. `pgoff` is the page of the backing mapped at `start`; a private
/// anonymous area counts from address 0 and keeps its numbers when it moves.
struct Vma {
  VirtAddr start;
  VirtAddr end;
  std::uint64_t pgoff = 0;
  std::uint32_t flags = 0;
  std::uint8_t prot = 0;           ///< PROT_READ | PROT_WRITE | PROT_EXEC
  std::uint64_t vm_page_prot = 0;  ///< the bits of entries for new pages; kept by Mm
  AnonVma anon_vma = AnonVma::None;
  bool guarded = false;        ///< has had guard markers, which a child inherits
  std::shared_ptr<File> file;  ///< null: private anonymous memory
  SwapReadahead swap_readahead;

  [[nodiscard]] std::size_t length() const noexcept { return end - start; }
  [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }
  [[nodiscard]] bool is_shared() const noexcept { return has(vm_flag::Shared); }
  [[nodiscard]] bool is_writable() const noexcept { return (prot & PROT_WRITE) != 0; }
  [[nodiscard]] bool is_anonymous() const noexcept { return file == nullptr; }
  [[nodiscard]] bool contains(VirtAddr at) const noexcept { return start <= at && at < end; }
};

}  // namespace pagesim::kernel
