// Each event changes an address space or is a fault in one.
#include "tools/compare/fault_player.h"

#include <sys/syscall.h>

#include <unordered_map>
#include <utility>

#include "tools/compare/chain_origin.h"
#include "tools/compare/code_bytes.h"
#include "tools/compare/simulated_tree.h"

namespace tools::compare {
namespace {

class Player {
 public:
  Player(const AllocatorCode& code, CodeFiles& files)
      : system_calls_{files.system_calls},
        unwinder_{files.unwind_tables, list_},
        origins_{code, files.call_targets, files.symbols, list_} {}

  void play(const StreamEvent& event) {
    time_ = event.time;
    std::visit(*this, event.what);
  }
  void operator()(const StreamMap& map) {
    spaces_[map.pid].map(map);
    tree_(map);
  }
  void operator()(const StreamExec& exec) {
    spaces_[exec.pid] = {};
    unwinder_.forget(exec.pid);
    tree_(exec);
  }
  void operator()(const StreamExit& exit) { tree_(exit); }
  void operator()(const StreamCall& call) {
    tree_(call);
    AddressSpace& space = spaces_[tree_.process(call.tid)];
    if (call.number == SYS_munmap) space.unmap(call.arguments[0], call.arguments[1]);
    if (call.number == SYS_mremap) space.move(call);
  }
  void operator()(const StreamFork& fork) {
    tree_(fork);
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
    fault.writer = allocator::Writer::Kernel;
    fault.error_code = event.error_code;
    if (event.kernel_mode) {
      fault.system_call = system_calls_.of(event.kernel_callers);
    } else {
      fault.code = unwinder_.place(space, event.instruction_pointer);
      fault.chain = unwinder_.chain(space, event);
      attribute(fault);
      simulate(event, fault);
    }
    list_.faults.push_back(fault);
  }

  [[nodiscard]] FaultList take() {
    list_.forks = tree_.forks();
    list_.populated = tree_.populated();
    return std::move(list_);
  }

 private:
  void simulate(const StreamFault& event, Fault& fault) {
    const Instruction* const instruction =
        bytes_.at(list_.files[fault.code.file], fault.code.offset);
    if (instruction != nullptr) fault.access = instruction->access(event);
    const Explanation explanation = tree_.fault(event, fault.access);
    fault.cause = explanation.cause;
    fault.in_child = tree_.is_fork(event.pid);
    if (!explanation.expected) ++list_.unexpected;
  }

  void attribute(Fault& fault) {
    const ChainOrigin& origin = origins_.of(fault.chain);
    fault.payer = origin.payer;
    fault.writer = origin.writer;
    auto& payers = list_.chain_payers;
    if (payers.size() <= fault.chain) payers.resize(list_.calls.size(), Payer::Program);
    payers[fault.chain] = origin.payer;
  }

  SystemCalls& system_calls_;
  std::unordered_map<std::int32_t, AddressSpace> spaces_;
  std::uint64_t time_ = 0;
  SimulatedTree tree_;
  CodeBytes bytes_;
  FaultList list_;
  Unwinder unwinder_;
  ChainOrigins origins_;
};

}  // namespace

FaultList play(const std::vector<StreamEvent>& events, const AllocatorCode& code,
               CodeFiles& files) {
  Player player{code, files};
  for (const StreamEvent& event : events) player.play(event);
  return player.take();
}

}  // namespace tools::compare
