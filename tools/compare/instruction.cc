// Zydis knows the operands, those not written in the instruction's text among them.
#include "tools/compare/instruction.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>

namespace tools::compare {
namespace {

using pagesim::Access;

/// As far from its register as one operand reaches.
constexpr std::uint64_t kReach = 64;

bool touches_memory(const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY) return false;
  return operand.mem.type == ZYDIS_MEMOP_TYPE_MEM || operand.mem.type == ZYDIS_MEMOP_TYPE_VSIB;
}

Base base_of(const ZydisDecodedOperand& operand) {
  const auto widest =
      ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.mem.base);
  const bool plain = operand.mem.index == ZYDIS_REGISTER_NONE;
  if (plain && widest == ZYDIS_REGISTER_RSI) return Base::SourceIndex;
  if (plain && widest == ZYDIS_REGISTER_RDI) return Base::DestinationIndex;
  const bool hidden = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  return hidden && widest == ZYDIS_REGISTER_RSP ? Base::StackPointer : Base::Other;
}

bool is_near(std::uint64_t address, std::uint64_t base) {
  return address - base < kReach || base - address <= kReach;
}

}  // namespace

std::optional<Instruction> Instruction::decode(std::span<const std::uint8_t> code) {
  static const ZydisDecoder kDecoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  ZydisDecodedInstruction decoded;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeFull(&kDecoder, code.data(), code.size(), &decoded, operands.data()))) {
    return std::nullopt;
  }
  Instruction instruction;
  instruction.length_ = decoded.length;
  for (std::size_t i = 0; i < decoded.operand_count; ++i) {
    if (!touches_memory(operands[i])) continue;
    const bool writes = (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    instruction.operands_.push_back({base_of(operands[i]), writes});
  }
  return instruction;
}

std::optional<Access> Instruction::access(const StreamFault& fault) const {
  if (fault.address - fault.instruction_pointer < length_) return Access::Execute;
  const auto word = [](bool writes) { return writes ? Access::Write : Access::Read; };
  const auto all = [&](bool writes) {
    return std::all_of(operands_.begin(), operands_.end(),
                       [&](const MemoryOperand& operand) { return operand.writes == writes; });
  };
  if (operands_.empty()) return std::nullopt;
  if (all(true) || all(false)) return word(operands_.front().writes);
  const auto near = [&](const MemoryOperand& operand) {
    switch (operand.base) {
      case Base::SourceIndex:
        return is_near(fault.address, fault.registers.source_index);
      case Base::DestinationIndex:
        return is_near(fault.address, fault.registers.destination_index);
      case Base::StackPointer:
        return is_near(fault.address, fault.registers.stack_pointer);
      default:
        return false;
    }
  };
  std::vector<bool> found;
  for (const MemoryOperand& operand : operands_) {
    if (near(operand)) found.push_back(operand.writes);
  }
  const bool settled =
      std::adjacent_find(found.begin(), found.end(), std::not_equal_to<>{}) == found.end();
  if (!found.empty()) return settled ? std::optional{word(found.front())} : std::nullopt;
  const auto other = std::find_if(operands_.begin(), operands_.end(),
                                  [](const MemoryOperand& o) { return o.base == Base::Other; });
  return other == operands_.end() ? std::nullopt : std::optional{word(other->writes)};
}

}  // namespace tools::compare
