// Whether a library can be preloaded into a program, and why not.
#pragma once

#include <optional>
#include <string>

namespace tools::trace {

/// The file that `program` names, looked up like a shell does. Throws TraceError when there is none
/// that may be executed.
[[nodiscard]] std::string find_program(const std::string& program);

/// Why no library of this machine can be preloaded into the file, in one sentence; nothing when one
/// can. Scripts are judged by their interpreter.
[[nodiscard]] std::optional<std::string> why_not_preloadable(const std::string& path);

/// A library of this project: where the variable says, beside the running program, or where the
/// build or the installation puts it. Throws TraceError.
[[nodiscard]] std::string find_own_library(const std::string& name, const char* variable);

}  // namespace tools::trace
