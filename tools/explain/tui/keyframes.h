// Keyframes: moments of one simulated run to which a reader can go back.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/explain/step.h"
#include "tools/explain/tui/frame.h"
#include "tools/run/sim_runner.h"

namespace tools::explain {

/// A simulated machine cannot be copied, but its process can: at every so many steps the run forks,
/// and the child waits there. Asked for a step, the nearest child before it forks once more and
/// simulates on to it. So each step of a long run is a bounded way off. The children end with this
/// object, or with the process.
class Keyframes final : run::SimWitness {
 public:
  /// `look` sees every step of the first run. The program must outlive this object.
  Keyframes(const script::Program& program, std::function<void(const Step&)> look);
  ~Keyframes() override;
  Keyframes(const Keyframes&) = delete;
  Keyframes& operator=(const Keyframes&) = delete;

  /// Once, from one thread. Throws as SimRunner, and std::runtime_error where no process could be
  /// made.
  run::RunOutcome run(const run::SimSetup& setup, const run::RunOptions& options);
  /// Of a step that ran. Throws std::runtime_error where the process that draws it has ended.
  [[nodiscard]] Frame show(const FrameRequest& request);

 private:
  struct Keyframe {
    std::size_t op = 0;  ///< it has done this one
    int socket = -1;
    pid_t process = 0;
  };

  void after(std::size_t op, const run::sim::Run& run) override { stepper_.after(op, run); }
  [[nodiscard]] bool reads_logs() const override { return true; }
  void at(const Step& step);
  void keep(const Step& step);
  void serve(const Step& step, int socket);
  void answer(const Step& step) const;

  const script::Program& program_;
  std::function<void(const Step&)> look_;
  Stepper stepper_;
  std::size_t apart_;  ///< steps
  std::vector<Keyframe> keyframes_;
  /// In a process that simulates on to a step: what is to be drawn then, and who wants it.
  std::optional<FrameRequest> wanted_;
  int answers_to_ = -1;
};

}  // namespace tools::explain
