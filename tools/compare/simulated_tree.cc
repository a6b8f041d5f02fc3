// Births, deaths, and who shares memory with whom.
#include "tools/compare/simulated_tree.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/version.h"
#include "pagesim/machines.h"
#include "pagesim/process.h"
#include "pagesim/task.h"
#include "tools/measure/rights.h"
#include "tools/run/running_kernel.h"

namespace tools::compare {
namespace {

pagesim::MachineConfig roomy_machine() {
  pagesim::MachineConfig config;
  config.memory_bytes = std::uint64_t{1} << 42;
  config.walker.protection_keys = pagesim::running_protection_keys();
  return config;
}

/// The running kernel's, without the limits the program has already passed.
pagesim::Profile profile_here() {
  pagesim::Profile profile = pagesim::kernel::profile_of(measure::running_kernel());
  run::read_settings(profile);
  profile.overcommit_memory = 1;
  profile.max_map_count = ~std::size_t{0} / 2;
  profile.stack_guard_gap = 0;
  return profile;
}

bool shares_memory(const StreamCall& call) {
  if (call.number == SYS_vfork) return true;
  return (call.arguments[0] & (CLONE_VM | CLONE_THREAD)) == CLONE_VM;
}

/// Where the kernel stores the child's number in the child; 0: nowhere.
std::uint64_t child_tid(const StreamCall& call) {
  if (call.number != SYS_clone && call.number != SYS_clone3) return 0;
  return (call.arguments[0] & CLONE_CHILD_SETTID) != 0 ? call.arguments[3] : 0;
}

}  // namespace

SimulatedTree::SimulatedTree() : machine_{roomy_machine(), profile_here()}, files_{machine_} {}

std::shared_ptr<SimulatedSpace> SimulatedTree::new_space() {
  pagesim::Task& task = machine_.boot();
  task.process().mm().limits.stack = ~std::uint64_t{0};  // the real stack's was enough
  return std::make_shared<SimulatedSpace>(machine_, files_, task);
}

SimulatedTree::Member& SimulatedTree::member(std::int32_t pid) {
  const auto [found, fresh] = members_.try_emplace(pid);
  if (fresh) found->second = {new_space(), ++families_, 1};
  return found->second;
}

void SimulatedTree::leave(Member& member) {
  if (member.space.use_count() == 1) member.space->exit();
  member.space.reset();
}

void SimulatedTree::operator()(const StreamMap& map) {
  const auto populating = populating_.find(map.tid);
  const bool populate = populating != populating_.end();
  if (populate) populating_.erase(populating);
  add_populated(SYS_mmap, member(map.pid).space->map(map, populate));
}

void SimulatedTree::operator()(const StreamFork& fork) {
  if (fork.pid == fork.parent) {
    ++member(fork.pid).threads;
    return;
  }
  Member& parent = member(fork.parent);
  Member child{parent.space, parent.family, 1};
  const auto birth = births_.find(fork.parent_tid);
  const bool shared = birth != births_.end() && shares_memory(birth->second);
  if (!shared) {
    const std::uint64_t tid = birth == births_.end() ? 0 : child_tid(birth->second);
    child.space = std::make_shared<SimulatedSpace>(parent.space->fork(tid));
    child.born_by_fork = true;
    forked_.insert(parent.family);
    ++forks_;
  }
  if (birth != births_.end()) births_.erase(birth);
  members_[fork.pid] = std::move(child);
}

void SimulatedTree::operator()(const StreamExec& exec) {
  Member& changed = member(exec.pid);
  leave(changed);
  changed = {new_space(), ++families_, 1};
}

void SimulatedTree::operator()(const StreamExit& exit) {
  const auto found = members_.find(exit.pid);
  if (found == members_.end() || --found->second.threads != 0) return;
  leave(found->second);
  members_.erase(found);
}

bool SimulatedTree::is_fork(std::int32_t pid) const {
  const auto found = members_.find(pid);
  return found != members_.end() && found->second.born_by_fork;
}

void SimulatedTree::operator()(const StreamCall& call) {
  switch (call.number) {
    case SYS_clone:
    case SYS_clone3:
    case SYS_vfork:
      if ((call.arguments[0] & CLONE_THREAD) == 0 || call.number == SYS_vfork) {
        births_[call.tid] = call;
      }
      return;
    case SYS_mmap:
      if ((call.arguments[3] & (MAP_POPULATE | MAP_LOCKED)) != 0) populating_[call.tid] = true;
      break;
    default:
      break;
  }
  add_populated(call.number, member(call.pid).space->call(call));
}

void SimulatedTree::add_populated(int call, std::uint64_t faults) {
  if (faults != 0) populated_[call] += faults;
}

/// A family that has forked: whoever shares its pages, the asking one among them.
std::vector<SimulatedSpace*> SimulatedTree::relatives(const Member& of) const {
  std::vector<SimulatedSpace*> found;
  if (!forked_.contains(of.family)) return found;
  for (const auto& [pid, other] : members_) {
    if (other.family == of.family) found.push_back(other.space.get());
  }
  return found;
}

Explanation SimulatedTree::fault(const Fault& fault) {
  Member& faulting = member(fault.pid);
  return faulting.space->fault(fault, [&] { return relatives(faulting); });
}

}  // namespace tools::compare
