// The descriptive chunks of a trace as JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tools/trace/event.h"
#include "tools/trace/trace_writer.h"

namespace tools::trace {

[[nodiscard]] std::string to_json(const TraceInfo& info);
[[nodiscard]] std::string to_json(std::uint32_t index, const ProcessInfo& process);
[[nodiscard]] std::string to_json(std::uint64_t events, const Losses& losses);

// Keys that are missing keep their default; text that is no JSON throws TraceError.
[[nodiscard]] TraceInfo info_from_json(std::string_view text);
[[nodiscard]] std::pair<std::uint32_t, ProcessInfo> process_from_json(std::string_view text);
[[nodiscard]] std::pair<std::uint64_t, Losses> end_from_json(std::string_view text);

}  // namespace tools::trace
