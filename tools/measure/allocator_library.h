// AllocatorLibrary: a malloc library that can be preloaded, found by name or path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools::measure {

/// The calls of malloc(3), bit by bit in the order malloc, calloc, realloc, memalign,
/// aligned_alloc, posix_memalign, valloc, pvalloc, free, malloc_trim, mallopt.
inline constexpr std::string_view kAllocatorCalls[] = {
    "malloc", "calloc",  "realloc", "memalign",    "aligned_alloc", "posix_memalign",
    "valloc", "pvalloc", "free",    "malloc_trim", "mallopt"};

struct AllocatorLibrary {
  std::string name;           ///< "jemalloc", or the file's name
  std::string path;           ///< real path
  std::string version;        ///< as the file's name or the library tells; empty: not known
  std::uint32_t exports = 0;  ///< kAllocatorCalls it answers
};

/// Looks for "jemalloc", "mimalloc", "tcmalloc" where the system keeps libraries, or takes a path
/// as it is. Throws std::runtime_error with one sentence when there is no such library, or it is
/// none that could be preloaded here, or it exports no malloc and free.
[[nodiscard]] AllocatorLibrary find_allocator(const std::string& name_or_path);

/// Those of the three that are installed.
[[nodiscard]] std::vector<AllocatorLibrary> installed_allocators();

/// Which of kAllocatorCalls an ELF library defines; empty: not an ELF library for this machine.
[[nodiscard]] std::optional<std::uint32_t> exported_calls(const std::string& path);

}  // namespace tools::measure
