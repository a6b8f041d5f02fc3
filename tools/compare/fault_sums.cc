// Playing the events of a run, process by process.
#include "tools/compare/fault_sums.h"

#include <string_view>
#include <unordered_map>

namespace tools::compare {
namespace {

class Player {
 public:
  explicit Player(const AllocatorCode& code) : code_{code} {}

  void operator()(const StreamMap& map) { spaces_[map.pid].map(map); }
  void operator()(const StreamExec& exec) { spaces_[exec.pid] = {}; }
  void operator()(const StreamFork& fork) {
    if (fork.pid != fork.parent) spaces_[fork.pid] = AddressSpace{spaces_[fork.parent]};
  }
  void operator()(const StreamFault& fault) {
    if (fault.kernel_mode) {
      ++sums_.kernel_mode;
      return;
    }
    const AddressSpace& space = spaces_[fault.pid];
    ++(fault.major ? sums_.major : sums_.minor);
    ++(is_malloc(space, fault) ? sums_.in_malloc : sums_.in_program);
    ++sums_.by_region[static_cast<std::size_t>(space.region(fault))];
  }

  [[nodiscard]] const FaultSums& sums() const noexcept { return sums_; }

 private:
  [[nodiscard]] bool is_allocator(const AddressSpace& space, std::uint64_t instruction) const {
    const std::string& file = space.code_file(instruction);
    if (file.empty()) return false;
    const auto [start, area] = space.find(instruction);
    return code_.contains(file, instruction - start + area->offset);
  }

  /// The C library's memset, memcpy and their kin use no stack of their own: the first word there
  /// that points into code is where they return to.
  [[nodiscard]] bool is_malloc(const AddressSpace& space, const StreamFault& fault) const {
    if (is_allocator(space, fault.instruction_pointer)) return true;
    if (space.code_file(fault.instruction_pointer) != code_.c_library()) return false;
    for (std::size_t i = 0; i < fault.stack_words; ++i) {
      if (!space.code_file(fault.stack[i]).empty()) return is_allocator(space, fault.stack[i]);
    }
    return false;
  }

  const AllocatorCode& code_;
  std::unordered_map<std::int32_t, AddressSpace> spaces_;
  FaultSums sums_;
};

}  // namespace

FaultSums sum_up(FaultStream& stream, const AllocatorCode& code) {
  Player player{code};
  for (const StreamEvent& event : stream.take()) std::visit(player, event.what);
  FaultSums sums = player.sums();
  sums.lost = stream.lost();
  return sums;
}

}  // namespace tools::compare
