// A view on the system calls of a machine: watch every one, make a chosen one fail.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pagesim {

enum class Syscall : std::uint8_t {
  Brk,
  Mmap,
  Munmap,
  Mremap,
  Mprotect,
  Madvise,
  Mlock,
  Munlock,
  Mincore,
  Msync
};
[[nodiscard]] std::string_view to_string(Syscall call) noexcept;

/// Arguments as Linux takes them; unused ones are 0.
struct SyscallEntry {
  Syscall call = Syscall::Brk;
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::array<std::uint64_t, 6> arguments = {};
};

/// Answers for the kernel when it wants to. One filter for a machine (Machine::set_syscall_filter).
class SyscallFilter {
 public:
  virtual ~SyscallFilter() = default;
  /// An errno makes the call fail with it, unexecuted; 0 lets it run. (A failed brk leaves the
  /// break where it is.)
  virtual int enter(const SyscallEntry& entry) = 0;
  /// `result` is an address, a count or 0; `error` an errno or 0.
  virtual void leave(const SyscallEntry& entry, std::uint64_t result, int error) = 0;
};

}  // namespace pagesim
