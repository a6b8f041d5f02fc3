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
/// One that threads read without the lock it is written under: whole, and what it leads to was
/// written before it. A memory whose threads run at once has load_shared and store_shared for it.
template <class T, std::size_t Offset, Writer Touched>
struct SharedField {};

/// An address and a way to reach it. Viewed, never copied: every get is a load, every set a store.
template <ReadableMemory M>
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
  template <class T, std::size_t Offset, Writer Touched>
  [[nodiscard]] T get(SharedField<T, Offset, Touched> /*field*/) const {
    if constexpr (requires(M m) { m.load_shared(at_); }) {
      return T{memory_.load_shared(at_ + Offset)};
    } else {
      return get(Field<T, Offset, Touched>{});
    }
  }
  template <class T, std::size_t Offset, Writer Touched>
  void set(SharedField<T, Offset, Touched> /*field*/, std::type_identity_t<T> value) const {
    if constexpr (!requires(M m) { m.store_shared(at_, std::uint64_t{}); }) {
      set(Field<T, Offset, Touched>{}, value);
    } else if constexpr (std::is_same_v<T, VirtAddr>) {
      memory_.store_shared(at_ + Offset, value.raw());
    } else {
      memory_.store_shared(at_ + Offset, value);
    }
  }

 private:
  [[no_unique_address]] M memory_;
  VirtAddr at_;
};

/// The words of the allocator's own records, each read, put and added to by its field.
template <ReadableMemory M>
class RecordView : public View<M> {
 protected:
  template <class T, std::size_t Offset>
  using Word = Field<T, Offset, Writer::ArenaRecord>;
  template <class T, std::size_t Offset>
  using SharedWord = SharedField<T, Offset, Writer::ArenaRecord>;

 public:
  using View<M>::View;

  template <class F>
  [[nodiscard]] auto operator[](F field) const {
    return this->get(field);
  }
  template <template <class, std::size_t, Writer> class F, class T, std::size_t Offset>
  void put(F<T, Offset, Writer::ArenaRecord> field, std::type_identity_t<T> value) const {
    this->set(field, value);
  }
  template <template <class, std::size_t, Writer> class F, std::size_t Offset>
  void add(F<std::uint64_t, Offset, Writer::ArenaRecord> field,
           std::uint64_t amount) const {  // modulo 2^64
    this->set(field, this->get(field) + amount);
  }
};

}  // namespace allocator
