// One run of a program on a new simulated machine.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pagesim/machine.h"
#include "tools/run/outcome.h"
#include "tools/run/sim/call_log.h"
#include "tools/run/sim_runner.h"
#include "tools/run/touches.h"
#include "tools/script/op.h"

namespace tools::run::sim {

/// A process's names; its threads share them.
struct Space {
  std::vector<Block> names;
};

/// A process or thread of the script at work.
struct Actor {
  pagesim::Task* task = nullptr;
  std::shared_ptr<Space> space;
  bool alive = false;
};

/// One operation on its way: arguments resolved, results filled in by whoever runs it.
struct Call {
  const script::Op& op;
  pagesim::Task& task;
  Space& space;
  pagesim::VirtAddr to;
  pagesim::VirtAddr from;
  std::uint64_t length = 0;  ///< bytes of the range; of a place Op::n
  Block block;               ///< what the name in Op::to stands for
  OpOutcome* result = nullptr;
  std::shared_ptr<pagesim::kernel::File> file;  ///< of Op::file, once it was made
  bool keeps_bytes = false;                     ///< what is stored is compared later
  pagesim::Counters elsewhere;  ///< counted for a vfork child on this operation's behalf
  CallLog* log = nullptr;       ///< null: nobody asks
};

/// The result of a refused or fulfilled system call.
template <class T>
void take_error(Call& call, const pagesim::SysResult<T>& answer) {
  if (answer) return;
  call.result->error = answer.error();
  call.result->returned = -1;
}

// What the verbs do: access.cc, address_space.cc, heap.cc. Accesses throw as Task's do.
void run_access(Call& call);
void run_kernel_copy(Call& call, pagesim::Task* peer);
void run_address_space(Call& call);
void run_allocator(Call& call, OwnAllocator allocator);
// files.cc
[[nodiscard]] std::shared_ptr<pagesim::kernel::File> create_file(pagesim::Machine& machine,
                                                                 const std::string& name,
                                                                 const script::Op& op);
void run_file(Call& call, pagesim::Machine& machine);
/// The calling thread ends: the allocator takes its cache back.
void leave_allocator(pagesim::Task& task, OwnAllocator allocator);
/// fork, with what the allocator does around it.
[[nodiscard]] pagesim::Task& fork(pagesim::Task& parent, OwnAllocator allocator);

/// Prepares a machine, runs every operation, keeps what each one did.
class Run {
 public:
  Run(const script::Program& program, const RunOptions& options, const SimSetup& setup,
      SimWitness* witness = nullptr);
  [[nodiscard]] RunOutcome outcome() &&;

  // What a witness may ask.

  /// The task of the program; null before it starts and after it ended.
  [[nodiscard]] const pagesim::Task* task(std::uint32_t index) const {
    return actors_[index].alive ? actors_[index].task : nullptr;
  }
  /// What a place means to a task, which must have been started.
  [[nodiscard]] pagesim::VirtAddr address(std::uint32_t index, const script::Place& place) const {
    return resolve(place, *actors_[index].space);
  }
  [[nodiscard]] pagesim::TlbUse tlb_so_far() const noexcept {
    return machine_.tlb_use().since(tlb_at_start_);
  }
  [[nodiscard]] const RunOutcome& so_far() const noexcept { return outcome_; }
  [[nodiscard]] const SimSetup& setup() const noexcept { return setup_; }
  /// What the last operation did; empty unless the witness reads logs.
  [[nodiscard]] const CallLog& log() const noexcept { return log_; }

 private:
  void touch_quietly(pagesim::Task& task, pagesim::VirtAddr at, std::size_t bytes,
                     pagesim::Access access);
  void touch_own_pages(pagesim::Task& task);
  void touch_text(pagesim::Task& task);

  void step(std::size_t index);
  void measure(Actor& actor, std::size_t index);
  void file_faults(std::size_t index);
  void perform(Call& call);
  void change_setting(Call& call);
  void perform_guarded(Actor& actor, Call& call, std::size_t index);
  void end_by_signal(Actor& actor, std::size_t index, const pagesim::SignalInfo& signal,
                     bool survivable);
  void change_tasks(const script::Op& op, Actor& actor);
  void end_process(Actor& actor);
  void remember_peak(const pagesim::Task& task);

  [[nodiscard]] Call make_call(const script::Op& op, Actor& actor, OpOutcome& result) const;
  [[nodiscard]] Block block_of(const script::Place& place, const Space& space) const;
  [[nodiscard]] pagesim::VirtAddr resolve(const script::Place& place, const Space& space) const;

  void collect_probes();
  void answer_probes(std::size_t index);
  [[nodiscard]] PageStates answer(const Probe& probe) const;

  const script::Program& program_;
  const RunOptions& options_;
  const SimSetup& setup_;
  SimWitness* witness_;
  pagesim::Machine machine_;
  std::vector<Actor> actors_;                                  ///< by task of the program
  std::vector<std::shared_ptr<pagesim::kernel::File>> files_;  ///< by file of the program
  std::vector<Probe> probes_;
  std::multimap<std::size_t, std::size_t> probes_after_;  ///< operation -> index into probes_
  bool merges_pages_ = false;           ///< some operation compares what others stored
  std::int64_t resident_at_start_ = 0;  ///< bytes: what preparing has touched
  pagesim::TlbUse tlb_at_start_;        ///< what preparing has used
  RunOutcome outcome_;
  CallLog log_;
};

}  // namespace tools::run::sim
