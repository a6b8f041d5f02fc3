// The knobs of libfaultline.so: what its policy does, part by part, in the environment and by
// mallopt.
#pragma once

#include <optional>

#include "allocator/core.h"
#include "allocator/policy.h"
#include "allocator/tunables.h"

namespace allocator {

/// One part of the policy: a variable of the environment, a parameter of mallopt(3), whose numbers
/// begin where glibc's end, and its word among the parameters.
struct Knob {
  Name name;
  int parameter;
  std::uint64_t most;  ///< the least is 0, which switches the part off
};

inline constexpr Knob kKnobHuge{{"FAULTLINE_HUGE"}, -101, kAnySize};
inline constexpr Knob kKnobLists{{"FAULTLINE_LISTS"}, -102, std::uint64_t{1} << 20};
inline constexpr Knob kKnobDepot{{"FAULTLINE_DEPOT"}, -103, kAnySize};
inline constexpr Knob kKnobRetain{{"FAULTLINE_RETAIN"}, -104, 1};
inline constexpr Knob kKnobIdle{{"FAULTLINE_IDLE"}, -105, 3'600'000};

/// Calls act(knob, its word) for each.
template <MemoryBackend M, class Act>
void for_each_knob(Act act) {
  act(kKnobHuge, Params<M>::kHugeFrom);
  act(kKnobLists, Params<M>::kListBytes);
  act(kKnobDepot, Params<M>::kDepotShare);
  act(kKnobRetain, Params<M>::kRetain);
  act(kKnobIdle, Params<M>::kIdle);
}

/// What the environment sets a knob to; nothing when unset, no number or out of range.
template <MemoryBackend M>
[[nodiscard]] std::optional<std::uint64_t> knob_value(M m, const Knob& knob) {
  const std::string_view text = m.environment(knob.name.text);
  const auto value = text.data() == nullptr ? std::nullopt : tunable_number(text);
  return value && *value <= knob.most ? value : std::nullopt;
}

/// The policy's own numbers, or the environment's in their place.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::apply_knobs(M m) {
  const Params par{m};
  par.put(Params::kHugeFrom, Policy::kHugeFrom);
  par.put(Params::kListBytes, Policy::kListBytes);
  par.put(Params::kDepotShare, Policy::kDepotShare);
  par.put(Params::kRetain, Policy::kLearnsToRetain ? 1 : 0);
  par.put(Params::kIdle, Policy::kIdle);
  for_each_knob<M>([&](const Knob& knob, auto) {
    if (const auto value = knob_value(m, knob)) set_knob(par, knob.parameter, *value);
  });
}

/// Without retention the trim threshold is glibc's. Other parameters and numbers out of range do
/// nothing.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::set_knob(Params par, int parameter, std::uint64_t value) {
  for_each_knob<M>([&](const Knob& knob, auto field) {
    if (knob.parameter == parameter && value <= knob.most) par.put(field, value);
  });
  if (parameter == kKnobRetain.parameter && value == 0) {
    par.put(Params::kTrimThreshold, Glibc236::kTrimThreshold);
  }
}

}  // namespace allocator
