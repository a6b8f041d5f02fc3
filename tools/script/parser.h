// From the text of a script to a Program.
#pragma once

#include <string>
#include <string_view>

#include "tools/script/op.h"

namespace tools::script {

/// Reads a script for a machine whose pages have 1 << page_shift bytes. `path` is the name used in
/// messages. Checked beforehand, so that a run cannot end half-way for it: every name used has been
/// assigned in its process and not been freed, every process used has been started and not ended.
/// A name given to realloc counts as ended afterwards, unless the result takes the same name or
/// the size is at least 2^47 bytes, which no machine grants.
/// Throws ScriptError.
[[nodiscard]] Program parse(std::string_view text, std::string path, unsigned page_shift = 12);

/// Reads and parses the file at `path`; "-" is standard input. Throws ScriptError, or
/// std::runtime_error with one sentence if the file cannot be read.
[[nodiscard]] Program read_script(const std::string& path, unsigned page_shift = 12);

}  // namespace tools::script
