// Packing lines.
#include "tools/inspect/sparse_bytes.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace tools::inspect {

void Unmap::operator()(std::byte* at) const noexcept { ::munmap(at, bytes); }

SparseBytes::SparseBytes(std::size_t pages) : pages_(pages) {}

/// Twice as much as before: the kernel moves the pages, not their bytes.
void SparseBytes::grow(std::size_t lines) {
  constexpr std::size_t kLeast = 64 * kPage / kLine;
  const std::size_t room = std::max({lines, room_ * 2, kLeast});
  const std::size_t bytes = room * kLine;
  void* const before = packed_.release();
  void* const at = before == nullptr ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                     : ::mremap(before, room_ * kLine, bytes, MREMAP_MAYMOVE);
  if (at == MAP_FAILED) {
    if (before != nullptr) ::munmap(before, room_ * kLine);
    throw std::bad_alloc{};
  }
  constexpr std::size_t kLarge = std::size_t{4} << 20;
  if (bytes >= kLarge) (void)::madvise(at, bytes, MADV_HUGEPAGE);
  packed_ = std::unique_ptr<std::byte, Unmap>{static_cast<std::byte*>(at), Unmap{bytes}};
  room_ = room;
}

void SparseBytes::reserve(std::size_t lines) {
  if (lines <= room_) return;
  grow(lines);
  (void)::madvise(packed_.get(), lines * kLine, MADV_POPULATE_WRITE);
}

void SparseBytes::keep(std::size_t page, const std::byte* bytes, LineMask lines) {
  const auto count = static_cast<std::size_t>(__builtin_popcountll(lines));
  if (used_ + count > room_) grow(used_ + count);
  pages_[page] = {lines, used_};
  std::byte* to = packed_.get() + used_ * kLine;
  used_ += count;
  if (lines == kAllLines) {
    std::memcpy(to, bytes, kPage);
    return;
  }
  for (; lines != 0; lines &= lines - 1, to += kLine) {
    std::memcpy(to, bytes + static_cast<std::size_t>(__builtin_ctzll(lines)) * kLine, kLine);
  }
}

}  // namespace tools::inspect
