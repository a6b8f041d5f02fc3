// Every knob of the simulated machine, its kernel and its allocator, by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/run/sim_runner.h"

namespace tools::verbs {

/// A knob, for people.
struct KnobInfo {
  std::string_view name;
  std::string values;  ///< "1..4096", "never|madvise|always"
  std::string_view meaning;
};

/// All that --set takes: hardware and kernel (pagesim/hardware/machine.h, pagesim/kernel/profile.h,
/// pagesim/layout.h), a script's `sysctl`, the rules of kernel versions, mallopt's parameters and
/// glibc's tunables.
[[nodiscard]] std::vector<KnobInfo> knobs();

/// Turns one: KNOB=VALUE. Throws Refusal (status 2) naming a knob or value that does not exist.
void turn(run::SimSetup& setup, std::string_view setting);

/// A number, with a suffix K, M, G or T if one is there. Throws Refusal where it is none or out of
/// range; `meaning` is what the knob is.
[[nodiscard]] std::uint64_t number_of(std::string_view knob, std::string_view text,
                                      std::uint64_t least, std::uint64_t most,
                                      std::string_view meaning);

/// That there is no knob `name`, one sentence with those of `known` that are most like it.
[[nodiscard]] std::string no_such_knob(std::string_view name, std::vector<std::string_view> known);

}  // namespace tools::verbs
