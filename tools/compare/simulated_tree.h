// SimulatedTree: the processes of a program tree in the simulated machine, by their real numbers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pagesim/machine.h"
#include "tools/compare/simulated_space.h"

namespace tools::compare {

/// Plays what perf and the system call trace tell, in the order of time.
class SimulatedTree {
 public:
  SimulatedTree();

  void operator()(const StreamMap& map);
  void operator()(const StreamFork& fork);
  void operator()(const StreamExec& exec);
  void operator()(const StreamExit& exit);
  void operator()(const StreamCall& call);
  /// Whether a process is a copy of another that has not executed a program since.
  [[nodiscard]] bool is_fork(std::int32_t pid) const;
  /// How often an address space was copied.
  [[nodiscard]] std::uint64_t forks() const noexcept { return forks_; }
  /// Faults that system calls took to populate memory, by their numbers.
  [[nodiscard]] const std::map<int, std::uint64_t>& populated() const noexcept {
    return populated_;
  }
  Explanation fault(const Fault& fault);

 private:
  struct Member {
    std::shared_ptr<SimulatedSpace> space;  ///< of two processes after vfork
    std::uint64_t family = 0;               ///< those that came of one execve by forks
    unsigned threads = 1;
    bool born_by_fork = false;
  };

  [[nodiscard]] Member& member(std::int32_t pid);
  [[nodiscard]] std::shared_ptr<SimulatedSpace> new_space();
  void leave(Member& member);
  void add_populated(int call, std::uint64_t faults);
  [[nodiscard]] std::vector<SimulatedSpace*> relatives(const Member& member) const;

  pagesim::Machine machine_;
  SimulatedFiles files_;
  std::unordered_map<std::int32_t, Member> members_;     ///< by process
  std::unordered_map<std::int32_t, StreamCall> births_;  ///< by thread: its clone, not yet done
  std::unordered_map<std::int32_t, bool> populating_;    ///< by thread: its mmap, not yet told of
  std::unordered_set<std::uint64_t> forked_;             ///< families
  std::map<int, std::uint64_t> populated_;
  std::uint64_t forks_ = 0;
  std::uint64_t families_ = 0;
};

}  // namespace tools::compare
