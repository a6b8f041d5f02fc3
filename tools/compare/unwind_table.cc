// Call frame information, by libdw.
#include "tools/compare/unwind_table.h"

#include <dwarf.h>
#include <fcntl.h>
#include <gelf.h>

#include <array>
#include <cstdlib>

namespace tools::compare {
namespace {

// x86-64's numbers of registers
constexpr int kFramePointer = 6, kStackPointer = 7, kReturnAddress = 16;

struct FreeFrame {
  void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};
using Frame = std::unique_ptr<Dwarf_Frame, FreeFrame>;

/// Where a register's value was saved, from the CFA on.
struct Saved {
  bool known = false;  ///< said in offsets
  std::optional<std::int64_t> at{};
};

Saved saved(Dwarf_Frame* frame, int number) {
  std::array<Dwarf_Op, 3> room{};
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_register(frame, number, room.data(), &ops, &count) != 0) return {};
  if (count == 0) return {ops == nullptr, {}};  // unchanged; otherwise: lost
  if (ops[0].atom != DW_OP_call_frame_cfa) return {};
  if (count == 1) return {true, 0};
  if (count != 2 || ops[1].atom != DW_OP_plus_uconst) return {};
  return {true, static_cast<std::int64_t>(ops[1].number)};
}

/// The CFA: a register and an offset, or nothing we know.
bool read_cfa(Dwarf_Frame* frame, FrameRule& rule) {
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count != 1) return false;
  if (ops[0].atom != DW_OP_bregx) return false;
  if (ops[0].number != kStackPointer && ops[0].number != kFramePointer) return false;
  rule.base = ops[0].number == kStackPointer ? FrameRule::Base::StackPointer
                                             : FrameRule::Base::FramePointer;
  rule.cfa = static_cast<std::int64_t>(ops[0].number2);
  return true;
}

}  // namespace

UnwindTable::UnwindTable(const std::string& file)
    : fd_{file.starts_with('/') ? open(file.c_str(), O_RDONLY | O_CLOEXEC) : -1} {
  if (!fd_.is_open()) return;
  elf_version(EV_CURRENT);
  elf_.reset(elf_begin(fd_.get(), ELF_C_READ_MMAP, nullptr));
  if (elf_ == nullptr) return;
  read_segments();
  cfi_ = dwarf_getcfi_elf(elf_.get());
}

void UnwindTable::read_segments() {
  std::size_t count = 0;
  if (elf_getphdrnum(elf_.get(), &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf_.get(), static_cast<int>(i), &header) == nullptr) continue;
    if (header.p_type != PT_LOAD) continue;
    segments_.push_back({header.p_offset, header.p_filesz, header.p_vaddr});
  }
}

const FrameRule* UnwindTable::rule(std::uint64_t offset) {
  const auto [found, fresh] = rules_.try_emplace(offset);
  if (fresh) found->second = look_up(offset);
  return found->second ? &*found->second : nullptr;
}

std::optional<FrameRule> UnwindTable::look_up(std::uint64_t offset) const {
  if (cfi_ == nullptr) return {};
  for (const Segment& segment : segments_) {
    if (offset - segment.offset >= segment.size) continue;
    Dwarf_Frame* found = nullptr;
    if (dwarf_cfi_addrframe(cfi_, offset - segment.offset + segment.address, &found) != 0) {
      return {};
    }
    const Frame frame{found};
    FrameRule rule;
    const Saved caller = saved(frame.get(), kReturnAddress);
    const Saved pointer = saved(frame.get(), kFramePointer);
    if (!read_cfa(frame.get(), rule) || !caller.known || !caller.at || !pointer.known) return {};
    rule.return_address = *caller.at;
    rule.saved_frame_pointer = pointer.at;
    return rule;
  }
  return {};
}

}  // namespace tools::compare
