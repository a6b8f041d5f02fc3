// Instruction: what a machine instruction does to memory.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pagesim/ledger.h"
#include "tools/compare/fault_stream.h"

namespace tools::compare {

/// Which register an operand's address goes by, where there is more than one operand.
enum class Base : std::uint8_t { SourceIndex, DestinationIndex, StackPointer, Other };

struct MemoryOperand {
  Base base = Base::Other;
  bool writes = false;  ///< maybe after a read, maybe only if a condition holds
};

class Instruction {
 public:
  /// None: the bytes are no instruction.
  [[nodiscard]] static std::optional<Instruction> decode(std::span<const std::uint8_t> code);

  /// What it was doing at the address that faulted; none: it has several operands there.
  [[nodiscard]] std::optional<pagesim::Access> access(const StreamFault& fault) const;

 private:
  std::uint64_t length_ = 0;
  std::vector<MemoryOperand> operands_;
};

}  // namespace tools::compare
