// Timeline: what is known of all steps of a run at once, to be searched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/explain/step.h"

namespace tools::explain {

/// The memory of a block that malloc handed out: its chunk as it was asked for.
struct Followed {
  std::string name;  ///< in the script
  pagesim::VirtAddr user;
  std::uint64_t bytes = 0;  ///< of the chunk, which begins at its header
};

/// The steps that ran, counted from 0. A process's memory is not told from its child's: an address
/// is one place in all of them.
class Timeline {
 public:
  explicit Timeline(const script::Program& program) : program_{program} {
    steps_.reserve(program.ops.size());
  }

  /// Every step, in order; one that did not run is left out.
  void take(const Step& step);

  [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }
  [[nodiscard]] const script::Op& op(std::size_t step) const {
    return program_.ops[steps_[step].op];
  }
  [[nodiscard]] std::size_t op_index(std::size_t step) const { return steps_[step].op; }
  /// The operation, what it returned and what it cost.
  [[nodiscard]] const std::string& title(std::size_t step) const { return steps_[step].title; }
  [[nodiscard]] const script::Program& program() const noexcept { return program_; }

  /// Steps whose title, address or faults (cause, writer, place) contain `text`, in any case.
  [[nodiscard]] std::vector<std::size_t> with_text(std::string_view text) const;
  /// Steps that accessed a byte of it, or name it.
  [[nodiscard]] std::vector<std::size_t> touching(const Followed& block) const;
  /// The first step of the line or of one behind it; nothing: there is none.
  [[nodiscard]] std::optional<std::size_t> at_line(std::uint32_t line) const;

  /// The name that a step is about; empty: none.
  [[nodiscard]] std::string name_of(std::size_t step) const;
  /// What a name, "heap+0x2a0" or "0x7ffff0000010" stands for at a step, or later if it does not
  /// yet; nothing: no block of malloc's.
  [[nodiscard]] std::optional<Followed> block(const std::string& text, std::size_t step) const;

 private:
  struct Entry {
    std::size_t op = 0;
    std::string title;
    std::string more;             ///< lower case, as the title is compared
    std::size_t end_touched = 0;  ///< of touched_
  };
  struct Bytes {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Birth {
    std::size_t step = 0;
    std::uint32_t name = script::kNone;
    std::uint64_t user = 0;
    std::uint64_t bytes = 0;  ///< of the chunk
  };

  void take_touched(const Step& step);
  void take_birth(const Step& step);
  template <class IsIt>
  [[nodiscard]] std::optional<Followed> block_where(std::size_t step, IsIt is_it) const;

  const script::Program& program_;
  std::uint64_t heap_base_ = 0;
  std::vector<Entry> steps_;
  std::vector<Bytes> touched_;  ///< of all steps, each step's ascending and apart
  std::vector<Birth> births_;
};

}  // namespace tools::explain
