// Bytes of one column of a chunk, room for which was made beforehand.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tools::trace {

/// At most one number an event. A page of it is there once it was written.
class Column {
 public:
  static constexpr std::size_t kLongestNumber = 10;

  explicit Column(std::size_t numbers)
      : bytes_{std::make_unique_for_overwrite<char[]>(numbers * kLongestNumber)},
        end_{bytes_.get()} {}

  void put_byte(unsigned byte) noexcept { *end_++ = static_cast<char>(byte); }

  /// As put_varint() does.
  void put(std::uint64_t value) noexcept {
    while (value >= 0x80) {
      *end_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *end_++ = static_cast<char>(value);
  }

  void clear() noexcept { end_ = bytes_.get(); }
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(end_ - bytes_.get());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size()}; }

 private:
  std::unique_ptr<char[]> bytes_;
  char* end_;
};

}  // namespace tools::trace
