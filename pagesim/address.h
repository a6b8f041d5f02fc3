// Addresses: bytes of a virtual and of a physical address space, and the tag an access carries.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace pagesim {

/// A page of a virtual address space: the address shifted right by the machine's page shift.
enum class PageNumber : std::uint64_t {};

/// A small word that travels with an access into the ledger. The machine files it and never looks
/// at it; its meaning belongs to whoever made the access.
enum class AccessTag : std::uint8_t {};

/// A byte of a virtual address space. Affine: addresses subtract to a distance and never add.
class VirtAddr {
 public:
  constexpr VirtAddr() noexcept = default;
  constexpr explicit VirtAddr(std::uint64_t raw) noexcept : raw_{raw} {}

  [[nodiscard]] constexpr std::uint64_t raw() const noexcept { return raw_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return raw_ == 0; }
  [[nodiscard]] constexpr PageNumber page(unsigned page_shift) const noexcept {
    return PageNumber{raw_ >> page_shift};
  }
  /// The highest multiple of `alignment` (a power of two) not above this address.
  [[nodiscard]] constexpr VirtAddr align_down(std::size_t alignment) const noexcept {
    return VirtAddr{raw_ & ~(std::uint64_t{alignment} - 1)};
  }
  /// The lowest multiple of `alignment` (a power of two) not below this address; wraps past 2^64.
  [[nodiscard]] constexpr VirtAddr align_up(std::size_t alignment) const noexcept {
    return VirtAddr{raw_ + alignment - 1}.align_down(alignment);
  }
  [[nodiscard]] constexpr bool is_aligned(std::size_t alignment) const noexcept {
    return (raw_ & (std::uint64_t{alignment} - 1)) == 0;
  }

  constexpr VirtAddr& operator+=(std::size_t n) noexcept {
    raw_ += n;
    return *this;
  }
  friend constexpr auto operator<=>(VirtAddr, VirtAddr) noexcept = default;
  friend constexpr VirtAddr operator+(VirtAddr a, std::size_t n) noexcept {
    return VirtAddr{a.raw_ + n};
  }
  friend constexpr VirtAddr operator-(VirtAddr a, std::size_t n) noexcept {
    return VirtAddr{a.raw_ - n};
  }
  /// The distance from b up to a, in bytes, modulo 2^64.
  friend constexpr std::size_t operator-(VirtAddr a, VirtAddr b) noexcept {
    return a.raw_ - b.raw_;
  }

 private:
  std::uint64_t raw_ = 0;
};

/// A byte of physical memory. Made only by the MMU and the page allocator.
class PhysAddr {
 public:
  constexpr explicit PhysAddr(std::uint64_t raw) noexcept : raw_{raw} {}
  [[nodiscard]] constexpr std::uint64_t raw() const noexcept { return raw_; }
  friend constexpr auto operator<=>(PhysAddr, PhysAddr) noexcept = default;

 private:
  std::uint64_t raw_ = 0;
};

}  // namespace pagesim
