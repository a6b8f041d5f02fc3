// KernelLog: what the measured child wrote down, turned into an outcome.
#pragma once

#include "tools/run/outcome.h"
#include "tools/run/shared_image.h"

namespace tools::run {

/// Reads results and log of a child that has ended. Faults come in the order they happened. The
/// last `cache_probes` of the image's probes are about files.
[[nodiscard]] RunOutcome read_outcome(const script::Program& program, SharedImage& image,
                                      std::size_t cache_probes);

}  // namespace tools::run
