// TempFiles: the script's files: nameless from the start, so that nothing stays behind even when
// the run is killed.
#pragma once

#include <string>
#include <vector>

#include "tools/run/owned_fd.h"
#include "tools/script/op.h"

namespace tools::run {

/// One open, empty, nameless file for each of Program::files, on disk or on tmpfs as its `file`
/// line says. Disk: the first of $TMPDIR, /var/tmp, /tmp, . that is not in memory. Throws
/// Unsupported, naming the line, when there is no such place.
[[nodiscard]] std::vector<OwnedFd> make_temp_files(const script::Program& program);

/// A directory for temporary files on a disk file system; empty: none found.
[[nodiscard]] std::string disk_directory();

}  // namespace tools::run
