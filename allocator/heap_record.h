// heap_info: the header of a mapped heap, which the arenas other than the main one are made of.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arena.h"

namespace allocator {

/// At the start of every heap, which lies at a multiple of its greatest size (section 1: 48 bytes).
template <ReadableMemory M>
class Heap : public View<M> {
  template <class T, std::size_t Offset>
  using Word = Field<T, Offset, Writer::ArenaRecord>;

 public:
  using View<M>::View;

  [[nodiscard]] Arena<M> arena() const { return {this->memory(), this->get(kArena)}; }
  void set_arena(Arena<M> arena) const { this->set(kArena, arena.at()); }
  [[nodiscard]] Heap prev() const { return {this->memory(), this->get(kPrev)}; }
  void set_prev(Heap prev) const { this->set(kPrev, prev.at()); }
  /// Bytes in use from the header on.
  [[nodiscard]] std::size_t size() const { return this->get(kSize); }
  void set_size(std::size_t n) const { this->set(kSize, n); }
  /// Bytes that were ever made readable and writable.
  [[nodiscard]] std::size_t mprotect_size() const { return this->get(kMprotectSize); }
  void set_mprotect_size(std::size_t n) const { this->set(kMprotectSize, n); }
  [[nodiscard]] std::size_t page_size() const { return this->get(kPageSize); }
  void set_page_size(std::size_t n) const { this->set(kPageSize, n); }
  [[nodiscard]] VirtAddr end() const { return this->at() + size(); }

 private:
  static constexpr Word<VirtAddr, 0> kArena{};
  static constexpr Word<VirtAddr, 8> kPrev{};
  static constexpr Word<std::uint64_t, 16> kSize{};
  static constexpr Word<std::uint64_t, 24> kMprotectSize{};
  static constexpr Word<std::uint64_t, 32> kPageSize{};
};

/// n up to, or down to, a multiple of a power of two, modulo 2^64.
[[nodiscard]] constexpr std::size_t align_down(std::size_t n, std::size_t to) noexcept {
  return n & ~(to - 1);
}
[[nodiscard]] constexpr std::size_t align_up(std::size_t n, std::size_t to) noexcept {
  return align_down(n + to - 1, to);
}

}  // namespace allocator
