// What the simulated machine cannot do yet, operation by operation.
#include "tools/run/sim/support.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <stdexcept>
#include <string>

#include "pagesim/uapi.h"
#include "tools/run/runner.h"
#include "tools/run/sim/settings.h"

namespace tools::run::sim {
namespace {

using pagesim::kernel::SwapDevice;
using script::Op;
using script::Program;
using script::Verb;

constexpr const char* kNoSwap = "the simulated machine has no swap space";

/// What a machine of 32 bits cannot be asked.
std::string missing_on_32_bits(const Op& op, const SimSetup& setup) {
  if (op.verb <= Verb::Mallopt) {
    return fmt::format(
        "the simulated allocator keeps words of 8 bytes, {}'s have 4; mmap and brk "
        "work there",
        setup.machine);
  }
  for (const script::Place& place : {op.to, op.from}) {
    const auto address = static_cast<std::uint64_t>(place.offset);
    if (place.base == script::Base::Absolute && address >> 32 != 0)
      return fmt::format("{:#x} is no address of {}, which has 32 bits", address, setup.machine);
  }
  return {};
}

std::string missing_setting(const Program& program, const Op& op, const SimSetup& setup) {
  const std::string& name = program.settings[op.file];
  if (has_setting(name, setup.config.geometry)) return {};
  if (name == "swappiness") return "the simulated machine reclaims by age, whatever the swappiness";
  return "the simulated machine has no setting " + name;
}

/// A sentence, or nothing if the operation can be run.
std::string missing(const Program& program, const Op& op, const SimSetup& setup) {
  if (setup.config.geometry.is_32_bit()) {
    if (std::string sentence = missing_on_32_bits(op, setup); !sentence.empty()) return sentence;
  }
  switch (op.verb) {
    case Verb::Swapout:
      return setup.profile.swap == SwapDevice::None ? kNoSwap : std::string{};
    case Verb::Sysctl:
      return missing_setting(program, op, setup);
    default:
      return {};
  }
}

}  // namespace

void refuse_unsupported(const Program& program, const SimSetup& setup) {
  const pagesim::hardware::Geometry& geometry = setup.config.geometry;
  if (program.page_shift != geometry.page_shift) {
    throw std::runtime_error{fmt::format("{} was read for pages of {} bytes, the machine's have {}",
                                         program.path, 1u << program.page_shift,
                                         geometry.page_size())};
  }
  for (const Op& op : program.ops) {
    const std::string sentence = missing(program, op, setup);
    if (!sentence.empty()) throw Unsupported{program, op, sentence};
  }
}

}  // namespace tools::run::sim
