// UnwindTable: where each instruction of a file finds its caller, from the file's .eh_frame.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/run/owned_fd.h"

namespace tools::compare {

/// The canonical frame address (CFA) is a register and an offset; the rest lies at offsets from it.
struct FrameRule {
  enum class Base : std::uint8_t { StackPointer, FramePointer };
  Base base = Base::StackPointer;
  std::int64_t cfa = 0;
  std::int64_t return_address = 0;
  std::optional<std::int64_t> saved_frame_pointer{};  ///< none: it is still in its register
};

class UnwindTable {
 public:
  /// Of a file that cannot be read, or has no table: one without rules.
  explicit UnwindTable(const std::string& file);

  /// Null: the table does not cover `offset` in the file, or says it in more than offsets.
  [[nodiscard]] const FrameRule* rule(std::uint64_t offset);

 private:
  struct CloseElf {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  struct Segment {
    std::uint64_t offset, size, address;
  };

  void read_segments();
  [[nodiscard]] std::optional<FrameRule> look_up(std::uint64_t offset) const;

  run::OwnedFd fd_;
  std::unique_ptr<Elf, CloseElf> elf_;
  Dwarf_CFI* cfi_ = nullptr;  ///< the Elf's own
  std::vector<Segment> segments_;
  std::unordered_map<std::uint64_t, std::optional<FrameRule>> rules_;  ///< looked up before
};

}  // namespace tools::compare
