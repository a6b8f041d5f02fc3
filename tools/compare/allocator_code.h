// AllocatorCode: which instructions belong to the allocator.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tools::compare {

/// Of a preloaded library: all of its code. Of glibc, which is the C library: the functions malloc,
/// calloc, realloc, free and their kin, and those they call that are not exported themselves
/// (sysmalloc and _int_malloc have no symbol: a call's target that the unwind table knows).
class AllocatorCode {
 public:
  /// `library`: as Subject::library. Throws std::runtime_error where glibc's functions cannot be
  /// found.
  explicit AllocatorCode(const std::string& library);

  /// `offset`: in `file`.
  [[nodiscard]] bool contains(const std::string& file, std::uint64_t offset) const;
  /// The preloaded library; empty: glibc.
  [[nodiscard]] const std::string& library() const noexcept { return library_; }
  /// The C library: its memset called by the allocator is the allocator's.
  [[nodiscard]] const std::string& c_library() const noexcept { return c_library_; }

 private:
  std::string library_;  ///< empty: glibc
  std::string c_library_;
  std::pair<std::uint64_t, std::uint64_t> functions_{};  ///< [begin, end): glibc's
};

/// Whether this is the name of malloc or one of its kin.
[[nodiscard]] bool is_malloc_function(std::string_view name) noexcept;

/// Where glibc's malloc lies in the file, [begin, end).
[[nodiscard]] std::pair<std::uint64_t, std::uint64_t> malloc_functions(
    const std::string& c_library);

}  // namespace tools::compare
