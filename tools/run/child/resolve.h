// Resolving a place of the script to an address, when its line runs.
#pragma once

#include <cstdint>

#include "tools/measure/page_map.h"
#include "tools/run/child/task.h"

namespace tools::run::child {

/// The address of `place` in the process with task index `process`. An unbound name counts from 0.
[[nodiscard]] std::uint64_t resolve(const script::Place& place, std::uint32_t process) noexcept;

/// Fills the addresses and lengths of a call from its operation.
void resolve(Call& call) noexcept;

/// Opens the pagemap of another task of the script.
void open_pagemap_of(std::uint32_t task, measure::PageMap& pagemap) noexcept;

/// Writes a number and a zero into `out` (24 bytes); returns where the zero is.
char* decimal(char* out, std::uint64_t number) noexcept;
/// Writes "/proc/123/mem" and a zero into `out` (64 bytes).
void proc_path(char* out, std::int32_t pid, const char* name) noexcept;

}  // namespace tools::run::child
