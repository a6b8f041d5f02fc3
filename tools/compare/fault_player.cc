// Each event changes an address space or is a fault in one.
#include "tools/compare/fault_player.h"

#include <sys/syscall.h>

#include <unordered_map>
#include <utility>

#include "tools/compare/chain_origin.h"

namespace tools::compare {
namespace {

class Player {
 public:
  Player(const AllocatorCode& code, CodeFiles& files)
      : bytes_{files.bytes},
        unwinder_{files.unwind_tables, list_},
        origins_{code, files.call_targets, list_} {}

  void play(StreamEvent& event) {
    time_ = event.time;
    std::visit(*this, event.what);
    if (std::holds_alternative<StreamFault>(event.what)) return;
    list_.changes.push_back({list_.faults.size(), std::move(event)});
  }
  void operator()(const StreamMap& map) { spaces_[map.pid].map(map); }
  void operator()(const StreamExec& exec) {
    spaces_[exec.pid] = {};
    unwinder_.forget(exec.pid);
  }
  void operator()(const StreamExit& exit) { tasks_.erase(exit.tid); }
  void operator()(StreamCall& call) {
    const auto task = tasks_.find(call.tid);
    call.pid = task == tasks_.end() ? call.tid : task->second;
    AddressSpace& space = spaces_[call.pid];
    if (call.number == SYS_munmap) space.unmap(call.arguments[0], call.arguments[1]);
    if (call.number == SYS_mremap) space.move(call);
  }
  void operator()(const StreamFork& fork) {
    tasks_[fork.tid] = fork.pid;
    if (fork.pid == fork.parent) return;
    spaces_[fork.pid] = AddressSpace{spaces_[fork.parent]};
    unwinder_.forget(fork.pid);
  }
  void operator()(const StreamFault& event) {
    const AddressSpace& space = spaces_[event.pid];
    Fault fault;
    fault.time = time_;
    fault.address = event.address;
    fault.stack_pointer = event.registers.stack_pointer;
    fault.pid = event.pid;
    fault.tid = event.tid;
    fault.major = event.major;
    fault.present = event.present;
    fault.region = space.region(event);
    fault.error_code = event.error_code;
    if (event.kernel_mode) {
      fault.payer = Payer::Kernel;
      for (const std::uint64_t caller : event.kernel_callers)
        fault.chain = list_.calls.called_from(fault.chain, {0, caller});
    } else {
      in_user_mode(space, event, fault);
    }
    list_.faults.push_back(fault);
  }

  [[nodiscard]] FaultList take() { return std::move(list_); }

 private:
  void in_user_mode(const AddressSpace& space, const StreamFault& event, Fault& fault) {
    fault.code = unwinder_.place(space, event.instruction_pointer);
    fault.chain = unwinder_.chain(space, event);
    fault.payer = origins_.of(fault.chain).payer;
    auto& payers = list_.chain_payers;
    if (payers.size() <= fault.chain) payers.resize(list_.calls.size(), Payer::Program);
    payers[fault.chain] = fault.payer;
    const Instruction* const instruction =
        bytes_.at(list_.files[fault.code.file], fault.code.offset);
    if (instruction != nullptr) fault.access = instruction->access(event);
  }

  std::unordered_map<std::int32_t, AddressSpace> spaces_;
  std::unordered_map<std::int32_t, std::int32_t> tasks_;  ///< the process of a thread
  std::uint64_t time_ = 0;
  CodeBytes& bytes_;
  FaultList list_;
  Unwinder unwinder_;
  ChainOrigins origins_;
};

}  // namespace

FaultList play(std::vector<StreamEvent> events, const AllocatorCode& code, CodeFiles& files) {
  Player player{code, files};
  for (StreamEvent& event : events) player.play(event);
  return player.take();
}

}  // namespace tools::compare
