// Text put together without allocating, for standard error.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace allocator {

/// Collects text and writes it to standard error at once; what does not fit is cut off.
class Text {
 public:
  Text& operator<<(std::string_view text) noexcept {
    const std::size_t n = std::min(text.size(), buffer_.size() - used_);
    std::copy_n(text.data(), n, buffer_.data() + used_);
    used_ += n;
    return *this;
  }
  Text& operator<<(char letter) noexcept { return *this << std::string_view{&letter, 1}; }
  Text& operator<<(std::uint64_t number) noexcept { return append(number, 10); }
  Text& hex(std::uint64_t number) noexcept { return *this << "0x", append(number, 16); }
  /// Blanks up to this column of the present line.
  Text& column(std::size_t column) noexcept {
    std::size_t line = used_;
    while (line > 0 && buffer_[line - 1] != '\n') --line;
    while (used_ - line < column && used_ < buffer_.size()) buffer_[used_++] = ' ';
    return *this;
  }
  void print() noexcept {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, buffer_.data(), used_);
    used_ = 0;
  }

 private:
  Text& append(std::uint64_t number, unsigned base) noexcept {
    std::array<char, 20> digits;
    std::size_t first = digits.size();
    do {
      digits[--first] = "0123456789abcdef"[number % base];
      number /= base;
    } while (number != 0);
    return *this << std::string_view{digits.data() + first, digits.size() - first};
  }

  std::array<char, 2048> buffer_;
  std::size_t used_ = 0;
};

}  // namespace allocator
