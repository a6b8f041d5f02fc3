// A comparison in the formats of other tools. Faults are those of each subject's typical run.
#pragma once

#include <string>

#include "tools/compare/comparison.h"

namespace tools::compare {

/// "glibc;main (sort.c:12);malloc 512" a line: flame graph tools read it. Allocators are roots.
[[nodiscard]] std::string to_folded(const Comparison& comparison);
/// A profile for each allocator: www.speedscope.app/file-format-schema.json.
[[nodiscard]] std::string to_speedscope(const Comparison& comparison);
/// Trace events for Chrome and Perfetto: an instant for each fault on its thread's track. Each run
/// begins at time 0; processes of the second allocator on have numbers above the kernel's.
[[nodiscard]] std::string to_chrome(const Comparison& comparison);
/// Google Benchmark's JSON: each good run is a repetition, the figures are counters.
[[nodiscard]] std::string to_gbench(const Comparison& comparison);
/// pprof's profile.proto, compressed by gzip; the allocator is a label of each sample.
[[nodiscard]] std::string to_pprof(const Comparison& comparison);

}  // namespace tools::compare
