// Places of a run: an address in the script's own words, and back.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pagesim/address.h"
#include "tools/run/outcome.h"
#include "tools/run/touches.h"
#include "tools/script/op.h"

namespace tools::run {

/// A byte by what it belongs to. Equal on two machines when the script means the same byte, though
/// the addresses differ.
struct Location {
  enum class Region : std::uint8_t {
    Name,      ///< a name's block, or near it
    Heap,      ///< the brk area
    Stack,     ///< around the stack's first mapping
    Text,      ///< the program's code
    Globals,   ///< the allocator's process-wide state
    Elsewhere  ///< none of these: `offset` is the address
  };
  Region region = Region::Elsewhere;
  std::uint32_t name = script::kNone;  ///< index into Program::names
  std::int64_t offset = 0;             ///< bytes from the region's first byte

  friend bool operator==(const Location&, const Location&) = default;
};

/// What the names of each process stand for, followed through a run operation by operation.
class Places {
 public:
  /// Both must outlive this object.
  Places(const script::Program& program, const RunOutcome& outcome);

  /// Takes in what operation `index` bound, ended and forked. Called for each index, ascending.
  void advance(std::size_t index);

  /// Where `at` lies as task `task` of the program sees it. First choice: a block in use that holds
  /// it; then the 16 bytes before one, where its chunk header is; then a region of the process;
  /// then a block freed before or the nearest one within 512 pages.
  [[nodiscard]] Location locate(std::uint32_t task, pagesim::VirtAddr at) const;
  [[nodiscard]] pagesim::VirtAddr resolve(std::uint32_t task, const script::Place& place) const;

  /// `p+8`, `A[3]+17`, `heap[2]`, `globals+96`, `@0x7fff0000`.
  [[nodiscard]] std::string text(const Location& location) const;
  [[nodiscard]] std::string text(std::uint32_t task, pagesim::VirtAddr at) const {
    return text(locate(task, at));
  }

 private:
  struct Binding {
    Block block;
    bool bound = false;
    bool ended = false;
    bool is_mapping = false;
  };
  using Names = std::vector<Binding>;
  /// The names of one address space. Blocks of the allocator in use are many and disjoint: they are
  /// found by address. Mappings are few and may overlap: the first of the list counts, which is the
  /// last one for which the kernel found a place; else the first named.
  struct Space {
    Names names;
    std::set<std::pair<std::uint64_t, std::uint32_t>> blocks;  ///< in use: address, name
    std::deque<std::uint32_t> mappings;                        ///< names that stand for one

    void bind(std::uint32_t name, const Block& block, bool is_mapping);
    void end(std::uint32_t name);
  };

  void bind_result(const script::Op& op, std::size_t index);
  void end_name(const script::Op& op, std::size_t index);
  [[nodiscard]] Space& space_of(std::uint32_t task) { return spaces_[space_of_[task]]; }
  [[nodiscard]] const Space& space_of(std::uint32_t task) const { return spaces_[space_of_[task]]; }
  [[nodiscard]] static std::uint32_t holding(const Space& space, std::uint64_t at);
  [[nodiscard]] static std::uint32_t headed(const Space& space, std::uint64_t at);
  [[nodiscard]] static Location in_name(const Space& space, std::uint32_t name, std::uint64_t at);
  [[nodiscard]] Location in_region(std::uint64_t at) const;
  [[nodiscard]] std::uint32_t nearest(const Space& space, std::uint64_t at) const;

  const script::Program* program_;
  const RunOutcome* outcome_;
  std::vector<std::size_t> space_of_;  ///< by task of the program: index into spaces_
  std::vector<Space> spaces_;
};

/// Calls visit(op, fault, place) for every record of a run, in order; `place` is its byte in the
/// script's words.
template <class Visit>
void each_fault(const script::Program& program, const RunOutcome& outcome, Visit visit) {
  Places places{program, outcome};
  for (std::size_t op = 0; op < program.ops.size(); ++op) {
    places.advance(op);
    for (std::size_t i = 0; i < outcome.ops[op].fault_count; ++i) {
      const pagesim::FaultRecord& fault = outcome.faults[outcome.ops[op].first_fault + i];
      visit(op, fault, places.text(program.ops[op].process, fault.address));
    }
  }
}

}  // namespace tools::run
