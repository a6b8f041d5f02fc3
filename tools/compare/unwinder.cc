// Frame by frame, each step looked up once.
#include "tools/compare/unwinder.h"

#include <algorithm>
#include <optional>

namespace tools::compare {
namespace {

constexpr int kMostFrames = 512;

/// A frame's registers, as far as they are known.
struct Registers {
  std::uint64_t instruction, stack_pointer, frame_pointer;
};

std::optional<std::uint64_t> word(const StreamFault& fault, std::uint64_t at) {
  const std::uint64_t index = (at - fault.registers.stack_pointer) / sizeof(std::uint64_t);
  if (at < fault.registers.stack_pointer || index >= fault.stack.size()) return {};
  return fault.stack[index];
}

/// False: it lies beyond the stack that was kept, or there is none.
bool go_to_caller(const StreamFault& fault, const FrameRule& rule, Registers& registers) {
  const std::uint64_t base = rule.base == FrameRule::Base::StackPointer ? registers.stack_pointer
                                                                        : registers.frame_pointer;
  const std::uint64_t cfa = base + static_cast<std::uint64_t>(rule.cfa);
  const auto caller = word(fault, cfa + static_cast<std::uint64_t>(rule.return_address));
  if (!caller || *caller == 0 || cfa <= registers.stack_pointer) return false;
  if (rule.saved_frame_pointer) {
    const auto at = cfa + static_cast<std::uint64_t>(*rule.saved_frame_pointer);
    registers.frame_pointer = word(fault, at).value_or(0);
  }
  registers.instruction = *caller;
  registers.stack_pointer = cfa;
  return true;
}

}  // namespace

UnwindTable& UnwindTables::of(const std::string& file) {
  return tables_.try_emplace(file, file).first->second;
}

std::size_t Unwinder::Hash::operator()(const Key& key) const noexcept {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
  const std::uint64_t mixed = (key.instruction ^ (std::uint64_t{key.inner} << 40)) * kGolden;
  return mixed ^ (mixed >> 32);
}

CodePlace Unwinder::place(const AddressSpace& space, std::uint64_t instruction) {
  const std::string& file = space.code_file(instruction);
  if (file.empty()) return {0, instruction};
  const auto [start, area] = space.find(instruction);
  return {list_.file(file), instruction - start + area->offset};
}

Unwinder::Known& Unwinder::known_of(const AddressSpace& space, std::int32_t pid) {
  Known& known = known_[pid];
  if (known.code_version != space.code_version()) {
    known.steps.clear();
    known.code_version = space.code_version();
  }
  return known;
}

Unwinder::Step Unwinder::step(Known& known, const AddressSpace& space, const Key& key) {
  const auto [found, fresh] = known.steps.try_emplace(key);
  if (fresh) {
    const CodePlace at = place(space, key.instruction);
    found->second.chain = list_.calls.called_from(key.inner, at);
    if (at.file != 0) found->second.rule = tables_.of(list_.files[at.file]).rule(at.offset);
  }
  return found->second;
}

CallTree::Chain Unwinder::chain(const AddressSpace& space, const StreamFault& fault) {
  Known& known = known_of(space, fault.pid);
  Registers registers{fault.instruction_pointer, fault.registers.stack_pointer,
                      fault.registers.frame_pointer};
  Step now = step(known, space, {CallTree::kEmpty, registers.instruction});
  for (int i = 0; i < kMostFrames && now.rule != nullptr; ++i) {
    if (!go_to_caller(fault, *now.rule, registers)) break;
    now = step(known, space, {now.chain, registers.instruction - 1});  // the call itself
  }
  // Frame pointers lead on from where they meet what the tables found.
  auto caller = std::find(fault.callers.begin(), fault.callers.end(), registers.instruction);
  if (caller == fault.callers.end()) return now.chain;
  while (++caller != fault.callers.end()) {
    now = step(known, space, {now.chain, *caller - 1});
  }
  return now.chain;
}

}  // namespace tools::compare
