// A record of memory seen through M: typed words at fixed offsets, each with the writer it counts
// for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "allocator/memory.h"
#include "allocator/writer.h"

namespace allocator {

/// One typed word of a layout, `Offset` bytes from its start, and what touching it is for.
template <class T, std::size_t Offset, Writer Touched>
struct Field {};

/// An address and a way to reach it. Viewed, never copied: every get is a load, every set a store.
template <MemoryBackend M>
class View {
 public:
  constexpr View(M memory, VirtAddr at) noexcept : memory_{memory}, at_{at} {}

  [[nodiscard]] constexpr VirtAddr at() const noexcept { return at_; }
  [[nodiscard]] constexpr M memory() const noexcept { return memory_; }
  [[nodiscard]] constexpr bool is_null() const noexcept { return at_.is_null(); }
  friend constexpr bool operator==(View a, View b) noexcept { return a.at_ == b.at_; }

 protected:
  template <class T, std::size_t Offset, Writer Touched>
  [[nodiscard]] T get(Field<T, Offset, Touched> /*field*/, std::size_t byte = 0) const {
    const VirtAddr at = at_ + Offset + byte;
    if constexpr (std::is_same_v<T, VirtAddr>) {
      return VirtAddr{memory_.template load<std::uint64_t>(at, tag(Touched))};
    } else {
      return memory_.template load<T>(at, tag(Touched));
    }
  }
  template <class T, std::size_t Offset, Writer Touched>
  void set(Field<T, Offset, Touched> /*field*/, std::type_identity_t<T> value,
           std::size_t byte = 0) const {
    const VirtAddr at = at_ + Offset + byte;
    if constexpr (std::is_same_v<T, VirtAddr>) {
      memory_.template store<std::uint64_t>(at, value.raw(), tag(Touched));
    } else {
      memory_.template store<T>(at, value, tag(Touched));
    }
  }

 private:
  [[no_unique_address]] M memory_;
  VirtAddr at_;
};

}  // namespace allocator
