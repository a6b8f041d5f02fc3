// The view "errors": what the processor told the kernel of each fault.
#include <fmt/format.h>

#include "pagesim/hardware/arch/arm64.h"
#include "pagesim/hardware/arch/x86.h"
#include "tools/explain/explain.h"
#include "tools/explain/view.h"
#include "tools/run/place.h"

namespace tools::explain {
namespace {

namespace arm64 = pagesim::hardware::arm64;
namespace x86 = pagesim::hardware::x86;

std::string x86_words(std::uint16_t code) {
  return fmt::format("{}, {}, {} mode",
                     (code & x86::kErrorProtection) != 0 ? "present" : "not present",
                     (code & x86::kErrorFetch) != 0   ? "fetch"
                     : (code & x86::kErrorWrite) != 0 ? "write"
                                                      : "read",
                     (code & x86::kErrorUser) != 0 ? "user" : "kernel");
}

std::string_view status_words(std::uint32_t esr) {
  switch (static_cast<arm64::FaultStatus>(esr & 0x3c)) {
    case arm64::FaultStatus::Translation:
      return "translation fault";
    case arm64::FaultStatus::AccessFlag:
      return "access flag fault";
    case arm64::FaultStatus::Permission:
      return "permission fault";
  }
  return "translation fault above level 0";
}

std::string arm64_words(std::uint32_t esr) {
  using Class = arm64::ExceptionClass;
  const Class exception = arm64::exception_class(esr);
  const bool fetch =
      exception == Class::InstructionAbortLower || exception == Class::InstructionAbortSame;
  const bool user = exception == Class::InstructionAbortLower || exception == Class::DataAbortLower;
  return fmt::format("EC {:#x} {} abort from EL{}, WnR {}, {}, level {}; vector +{:#x}", esr >> 26,
                     fetch ? "instruction" : "data", user ? 0 : 1, (esr & arm64::kWnr) != 0 ? 1 : 0,
                     status_words(esr), esr & 3, arm64::vector(esr));
}

}  // namespace

std::string show_errors(const ViewRequest& request, const Look& look) {
  const run::RunOutcome& outcome = look.run.so_far();
  run::Places places{look.program, outcome};
  std::string text;
  for (std::size_t op = 0; op <= request.op; ++op) {
    places.advance(op);
    for (std::size_t i = 0; i < outcome.ops[op].fault_count; ++i) {
      const pagesim::FaultRecord& fault = outcome.faults[outcome.ops[op].first_fault + i];
      const std::string where = places.text(look.program.ops[op].process, fault.address);
      if (fault.esr != 0) {
        text += fmt::format("line {}: {}, FAR_EL1 {:#x}, ESR_EL1 {:#010x}\n{}",
                            look.program.ops[op].line, where, fault.address.raw(), fault.esr,
                            fold(arm64_words(fault.esr), 2, kWidth));
      } else if (fault.error_code) {
        text += fmt::format("line {}: {}, CR2 {:#x}, error code {}\n{}", look.program.ops[op].line,
                            where, fault.address.raw(), *fault.error_code,
                            fold(x86_words(*fault.error_code), 2, kWidth));
      }
    }
  }
  return text.empty() ? "no fault yet\n" : text;
}

}  // namespace tools::explain
