// Touches: which bytes a read or write of a range accesses, in which order.
#pragma once

#include <cstdint>

#include "tools/script/op.h"

namespace tools::run {

/// What a name stands for in a process.
struct Block {
  std::uint64_t address = 0;
  std::uint64_t length = 0;  ///< bytes, as the call asked for; kept when the call failed
};

/// The accesses of a read or write of a range: at(0) to at(count - 1). Plain arithmetic, so that a
/// measured process can use it between two faults.
class Touches {
 public:
  /// `first` is the address of Op::to, `block` what its name stands for.
  Touches(const script::Op& op, std::uint64_t first, const Block& block,
          std::uint64_t page_size) noexcept
      : first_{first}, stride_{op.step * page_size} {
    const bool whole = op.pages == script::Op::kWholeRange;
    const std::uint64_t pages = whole ? pages_of(block.length, page_size)  //
                                      : static_cast<std::uint64_t>(op.pages);
    regular_ = (pages + op.step - 1) / op.step;
    last_ = block.address + block.length - 1;
    const std::uint64_t last_regular = first_ + (regular_ - 1) * stride_;
    has_last_ = whole && regular_ != 0 && last_ / page_size != last_regular / page_size;
    reverse_ = (op.flags & script::flag::Reverse) != 0;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return regular_ + (has_last_ ? 1 : 0); }
  [[nodiscard]] std::uint64_t at(std::uint64_t i) const noexcept {
    const std::uint64_t n = reverse_ ? count() - 1 - i : i;
    return n < regular_ ? first_ + n * stride_ : last_;
  }

 private:
  static std::uint64_t pages_of(std::uint64_t bytes, std::uint64_t page_size) noexcept {
    return bytes / page_size + (bytes % page_size == 0 ? 0 : 1);
  }

  std::uint64_t first_;
  std::uint64_t stride_;
  std::uint64_t regular_ = 0;  ///< touches at every stride
  std::uint64_t last_ = 0;     ///< the block's last byte
  bool has_last_ = false;      ///< it lies in a page the strides miss
  bool reverse_ = false;
};

}  // namespace tools::run
