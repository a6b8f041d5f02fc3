// The interactive view of a run: forward and back, step by step.
#pragma once

#include <cstdint>
#include <optional>

#include "tools/run/sim_runner.h"
#include "tools/script/op.h"

namespace tools::explain {

/// Whether there is a terminal to show it in, and to read keys from.
[[nodiscard]] bool can_show_in_terminal() noexcept;

/// Runs the program on a new simulated machine and shows it until it is left. `line`: where it
/// begins; nothing: at the first step. `colours`: whether the terminal's are used. Ends the process
/// where SIGINT, SIGTERM or SIGHUP does, with the terminal as it was. Throws std::runtime_error
/// with one sentence: no operation ran, or the terminal's kind is not known.
void show_in_terminal(const script::Program& program, const run::SimSetup& setup,
                      const run::RunOptions& options, std::optional<std::uint32_t> line,
                      bool colours);

}  // namespace tools::explain
