// Each event changes an address space or is a fault in one.
#include "tools/compare/fault_player.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tools::compare {
namespace {

class Player {
 public:
  Player(const AllocatorCode& code, UnwindTables& tables) : code_{code}, unwinder_{tables, list_} {}

  void play(const StreamEvent& event) {
    time_ = event.time;
    std::visit(*this, event.what);
  }
  void operator()(const StreamMap& map) { spaces_[map.pid].map(map); }
  void operator()(const StreamMajor&) {}
  void operator()(const StreamExit&) {}
  void operator()(const StreamExec& exec) {
    spaces_[exec.pid] = {};
    unwinder_.forget(exec.pid);
  }
  void operator()(const StreamFork& fork) {
    if (fork.pid == fork.parent) return;
    spaces_[fork.pid] = AddressSpace{spaces_[fork.parent]};
    unwinder_.forget(fork.pid);
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
    fault.payer = Payer::Kernel;
    if (!event.kernel_mode) {
      fault.code = unwinder_.place(space, event.instruction_pointer);
      fault.chain = unwinder_.chain(space, event);
      fault.payer = payer(fault.chain);
      if (!space.allows_access(event)) suspects_.push_back(list_.faults.size());
    }
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
  [[nodiscard]] Payer payer(CallTree::Chain chain) {
    if (payers_.size() <= chain) payers_.resize(list_.calls.size());
    std::optional<Payer>& known = payers_[chain];
    if (!known) known = is_malloc(chain) ? Payer::Malloc : Payer::Program;
    return *known;
  }

  /// What the C library does for a caller, clear or copy or lock, is the caller's.
  [[nodiscard]] bool is_malloc(CallTree::Chain chain) const {
    for (const CodePlace& place : list_.calls.frames(chain)) {
      const std::string& file = list_.files[place.file];
      if (code_.contains(file, place.offset)) return true;
      if (file != code_.c_library()) return false;
    }
    return false;
  }

  const AllocatorCode& code_;
  std::unordered_map<std::int32_t, AddressSpace> spaces_;
  std::uint64_t time_ = 0;
  FaultList list_;
  std::vector<std::size_t> suspects_;  ///< faults where no access is allowed
  Unwinder unwinder_;
  std::vector<std::optional<Payer>> payers_;  ///< by chain
};

}  // namespace

FaultList play(FaultStream& stream, const AllocatorCode& code, UnwindTables& tables) {
  Player player{code, tables};
  for (const StreamEvent& event : stream.take()) player.play(event);
  FaultList list = player.finish(stream.counted());
  list.lost = stream.lost();
  return list;
}

}  // namespace tools::compare
