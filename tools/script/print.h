// From a Program back to the text of a script.
#pragma once

#include <string>

#include "tools/script/op.h"

namespace tools::script {

/// The operation as a line of a script, such that parsing it gives the operation again.
[[nodiscard]] std::string to_text(const Program& program, const Op& op);
/// `A[3]+17`, `heap[2]`, `@0x1000`.
[[nodiscard]] std::string to_text(const Program& program, const Place& place);
/// `expect minor 1`.
[[nodiscard]] std::string to_text(const Program& program, const Expectation& expectation);
/// The whole script, each operation on the line it came from if those ascend. Comments are lost.
[[nodiscard]] std::string to_text(const Program& program);

}  // namespace tools::script
