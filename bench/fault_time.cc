// The time of faults as the simulated machine predicts it, beside the measured one, on workloads of
// anonymous memory. Trials of single faults and workloads take turns, so that whatever slows the
// machine slows both.
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/measure/calibrate.h"
#include "tools/run/fault_time.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/sim_runner.h"
#include "tools/run/temp_files.h"
#include "tools/script/parser.h"

namespace {

using tools::run::RunOutcome;

struct Workload {
  tools::script::Program program;
  RunOutcome simulated;
  std::vector<RunOutcome> timed{};
};

Workload workload(const std::string& name, const std::string& text) {
  Workload work{tools::script::parse(text, name), {}};
  work.simulated = tools::run::SimRunner{}.run(work.program, {});
  return work;
}

std::vector<Workload> anonymous_workloads() {
  return {
      workload("touch", "A = mmap 256p anon private rw\nwrite A[..]\n"),
      workload("touch-more", "A = mmap 8192p anon private rw\nwrite A[..]\n"),
      workload("read-then-write", "A = mmap 1024p anon private rw\nread A[..]\nwrite A[..]\n"),
      workload("fork",
               "A = mmap 1024p anon private rw\nwrite A[..]\nfork child\nchild: write A[..]\n"
               "exit child\nwrite A[..]\n"),
      workload("blocks",
               "p = malloc 2000000\nwrite p[..]\nq = malloc 900000\nread q[..]\nwrite q[..]\n")};
}

void print(const Workload& work, const pagesim::Costs& costs) {
  const auto sums =
      tools::run::fault_time(work.program, work.simulated, costs, work.timed).accesses;
  if (!sums.measured_ns) return fmt::print("{:<16} not measured\n", work.program.path);
  fmt::print("{:<16} {:>9.1f} {:>9.1f} {:>+7.1f}%\n", work.program.path, sums.predicted_ns / 1000,
             *sums.measured_ns / 1000, 100 * (sums.predicted_ns / *sums.measured_ns - 1));
}

void run(int rounds) {
  tools::measure::Calibration calibration{tools::run::disk_directory()};
  std::vector<Workload> workloads = anonymous_workloads();
  tools::run::KernelOptions options;
  options.time_accesses = true;
  tools::run::KernelRunner kernel{options};
  for (int round = 0; round < rounds; ++round) {
    calibration.round();
    for (Workload& work : workloads) work.timed.push_back(kernel.run(work.program, {}));
  }
  fmt::print("workload         predicted  measured  microseconds, medians of {} rounds\n", rounds);
  for (const Workload& work : workloads) print(work, calibration.costs());
}

}  // namespace

/// fault_time [ROUNDS]
int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 30;
  if (rounds < 1) {
    fmt::print(stderr, "fault_time: ROUNDS is a number from 1 on, not \"{}\"\n", argv[1]);
    return 2;
  }
  try {
    run(rounds);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fault_time: {}\n", error.what());
    return 3;
  }
  return 0;
}
