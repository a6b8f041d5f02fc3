// TakenBytes: what was taken from a ring, all in one piece.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace tools::compare {

/// Grows without copying, by huge pages where the kernel gives them: taking what was measured must
/// not cost as many page faults as the program has.
class TakenBytes {
 public:
  /// Throws std::bad_alloc, as append() does.
  TakenBytes();
  ~TakenBytes();
  /// Of what was moved from nothing but its end is to be asked.
  TakenBytes(TakenBytes&& other) noexcept { *this = std::move(other); }
  TakenBytes& operator=(TakenBytes&& other) noexcept;

  /// May move what is there.
  void append(const std::byte* bytes, std::size_t count);
  [[nodiscard]] std::span<const std::byte> all() const noexcept { return {begin_, size_}; }
  /// Drops the bytes; keeps as much memory as there was at first.
  void clear() noexcept;

 private:
  std::byte* begin_ = nullptr;
  std::size_t size_ = 0, room_ = 0;
};

}  // namespace tools::compare
