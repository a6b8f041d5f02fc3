// Loads and stores of exactly one instruction, so that a fault is the access and nothing else.
#pragma once

#include <cstdint>

namespace tools::run::child {

/// One load of 1, 2, 4, 8 or 16 bytes; any other size is one `rep lodsb`.
void load(std::uint64_t address, std::uint64_t bytes) noexcept;
/// One store; any other size is one `rep stosb`.
void store(std::uint64_t address, std::uint64_t bytes) noexcept;
/// One read-modify-write instruction on a byte.
void update(std::uint64_t address) noexcept;
/// One locked compare-and-swap of a byte whose comparison fails.
void cas_fail(std::uint64_t address) noexcept;
void prefetch(std::uint64_t address) noexcept;
/// One `rep movsb`, ascending.
void copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) noexcept;
/// One `rep stosb`.
void fill(std::uint64_t address, std::uint64_t bytes) noexcept;
/// Fetches and executes the one instruction at `address`, with every register it is likely to go
/// through pointing to `scratch`. Does not return: ends in a signal.
[[noreturn]] void execute(std::uint64_t address, std::uint64_t scratch) noexcept;

}  // namespace tools::run::child
