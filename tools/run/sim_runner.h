// SimRunner: programs on the simulated machine.
#pragma once

#include <string>

#include "pagesim/machine.h"
#include "tools/run/own_allocator.h"
#include "tools/run/runner.h"

namespace tools::run {

/// What the simulated machine is made of.
struct SimSetup {
  std::string machine = "x86-64";  ///< its name, for people
  pagesim::MachineConfig config;
  pagesim::Profile profile;
  pagesim::Layout layout;
  OwnAllocator allocator = OwnAllocator::Ptmalloc;  ///< witnesses' logs are of Ptmalloc alone
};

/// The setup with its heap where the other run's began. Blocks aligned to more than a page lie at
/// the same places only then.
[[nodiscard]] SimSetup with_heap_of(SimSetup setup, const RunOutcome& other);

namespace sim {
class Run;
}

/// Looks at the simulated machine between two operations. Looking touches and counts nothing.
class SimWitness {
 public:
  virtual ~SimWitness() = default;
  /// Operation `op` is over, or was not run because its process had ended.
  virtual void after(std::size_t op, const sim::Run& run) = 0;
  /// Whether it reads Run::log, which takes time to write.
  [[nodiscard]] virtual bool reads_logs() const { return false; }
};

/// Runs every program on a new machine of the same setup, so two runs of one program are equal.
class SimRunner final : public Runner {
 public:
  explicit SimRunner(SimSetup setup = {});

  /// The witness must outlive the runs; null: nobody looks.
  void set_witness(SimWitness* witness) noexcept { witness_ = witness; }

  [[nodiscard]] RunOutcome run(const script::Program& program, const RunOptions& options) override;
  [[nodiscard]] std::string name() const override { return "simulated " + setup_.machine; }

 private:
  SimSetup setup_;
  SimWitness* witness_ = nullptr;
};

}  // namespace tools::run
