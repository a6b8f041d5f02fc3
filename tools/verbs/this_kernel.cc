// What the running kernel lacks to be the simulated machine.
#include "tools/verbs/this_kernel.h"

#include <fmt/format.h>

#include "pagesim/kernel/version.h"
#include "pagesim/machines.h"
#include "tools/measure/rights.h"

namespace tools::verbs {
namespace {

using pagesim::kernel::SwapDevice;

std::string missing_swap(SwapDevice wanted) {
  if (wanted == SwapDevice::None) return {};
  const std::string here = measure::first_swap();
  if (here.empty()) return "this machine has no swap space (see swapon)";
  const bool is_zram = here.find("/zram") != std::string::npos;
  if (is_zram == (wanted == SwapDevice::Zram)) return {};
  return fmt::format("the swap space simulated is {}, this machine's is {}",
                     is_zram ? "a disk" : "zram", here);
}

}  // namespace

std::string other_machine(const run::SimSetup& setup) {
  const std::string_view here = pagesim::running_machine().value_or("none that is simulated");
  if (setup.machine == here) return {};
  return fmt::format("the machine simulated is {}, this one is {}", setup.machine, here);
}

/// Which of them it has decides what PROT_EXEC alone means.
std::string other_keys(const run::SimSetup& setup) {
  const bool wanted = setup.config.walker.protection_keys;
  if (wanted == pagesim::running_protection_keys()) return {};
  return wanted ? "the processor simulated has protection keys, this one has none"
                : "the processor simulated has no protection keys, this one has";
}

std::string why_not_here(const run::SimSetup& setup) {
  if (std::string machine = other_machine(setup); !machine.empty()) return machine;
  if (std::string keys = other_keys(setup); !keys.empty()) return keys;
  const auto wanted = setup.profile.version;
  if (const auto running = measure::running_kernel(); !same_rules(wanted, running)) {
    return fmt::format("the kernel simulated is {}, this one is {}", to_string(wanted),
                       to_string(running));
  }
  if (setup.profile.memory_limit != pagesim::kernel::Profile{}.memory_limit)
    return "the limit on memory is the simulated machine's; a line \"sysctl memory_limit\" is for "
           "both";
  return missing_swap(setup.profile.swap);
}

}  // namespace tools::verbs
