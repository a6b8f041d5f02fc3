// Runner: a machine that runs programs, simulated or real, behind one interface.
#include "tools/run/runner.h"

#include <fmt/format.h>

namespace tools::run {

Unsupported::Unsupported(const script::Program& program, const script::Op& op,
                         const std::string& missing)
    : std::runtime_error{fmt::format("{}:{}: \"{}\" cannot be run: {}", program.path, op.line,
                                     script::to_string(op.verb), missing)},
      line_{op.line},
      verb_{op.verb},
      missing_{missing} {}

}  // namespace tools::run
