// Each event changes an address space or is a fault in one.
#include "tools/compare/fault_player.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tools::compare {
namespace {

class Player {
 public:
  explicit Player(const AllocatorCode& code) : code_{code} {}

  void play(const StreamEvent& event) {
    time_ = event.time;
    std::visit(*this, event.what);
  }
  void operator()(const StreamMap& map) { spaces_[map.pid].map(map); }
  void operator()(const StreamExec& exec) { spaces_[exec.pid] = {}; }
  void operator()(const StreamMajor&) {}
  void operator()(const StreamExit&) {}
  void operator()(const StreamFork& fork) {
    if (fork.pid != fork.parent) spaces_[fork.pid] = AddressSpace{spaces_[fork.parent]};
  }
  void operator()(const StreamFault& event) {
    const AddressSpace& space = spaces_[event.pid];
    Fault fault;
    fault.time = time_;
    fault.address = event.address;
    fault.pid = event.pid;
    fault.tid = event.tid;
    fault.major = event.major;
    fault.region = space.region(event);
    fault.payer = payer(space, event);
    if (!event.kernel_mode && !space.allows_access(event)) suspects_.push_back(list_.faults.size());
    if (!event.kernel_mode) fault.code = code_place(space, event.instruction_pointer);
    list_.faults.push_back(fault);
  }

  /// `counted`: faults of user mode the kernel counted. The others ended in a signal.
  FaultList finish(std::uint64_t counted) {
    const auto user = std::count_if(list_.faults.begin(), list_.faults.end(),
                                    [](const Fault& f) { return f.payer != Payer::Kernel; });
    const auto all = static_cast<std::uint64_t>(user);
    std::uint64_t signals = all > counted ? all - counted : 0;
    for (const std::size_t index : suspects_) {
      if (signals == 0) break;
      list_.faults[index].cause = pagesim::Cause::Invalid;
      --signals;
    }
    return std::move(list_);
  }

 private:
  [[nodiscard]] CodePlace code_place(const AddressSpace& space, std::uint64_t instruction) {
    const std::string& file = space.code_file(instruction);
    if (file.empty()) return {0, instruction};
    const auto [start, area] = space.find(instruction);
    return {list_.file(file), instruction - start + area->offset};
  }

  [[nodiscard]] bool is_allocator(const AddressSpace& space, std::uint64_t instruction) const {
    const std::string& file = space.code_file(instruction);
    if (file.empty()) return false;
    const auto [start, area] = space.find(instruction);
    return code_.contains(file, instruction - start + area->offset);
  }

  [[nodiscard]] Payer payer(const AddressSpace& space, const StreamFault& fault) const {
    if (fault.kernel_mode) return Payer::Kernel;
    return is_malloc(space, fault) ? Payer::Malloc : Payer::Program;
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
  std::uint64_t time_ = 0;
  FaultList list_;
  std::vector<std::size_t> suspects_;  ///< faults where no access is allowed
};

}  // namespace

FaultList play(FaultStream& stream, const AllocatorCode& code) {
  Player player{code};
  for (const StreamEvent& event : stream.take()) player.play(event);
  FaultList list = player.finish(stream.counted());
  list.lost = stream.lost();
  return list;
}

}  // namespace tools::compare
