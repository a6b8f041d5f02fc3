// System calls without the C library: no errno, no lock, no page of anyone else's touched.
#pragma once

#include <cstdint>
#include <ctime>

#include <sys/resource.h>
#include <sys/syscall.h>

namespace tools::measure {

inline constexpr std::uint64_t kPage = 4096;  ///< bytes

/// Calls the kernel. Returns what the kernel returns: -errno for an error.
[[gnu::always_inline]] inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0,
                                               long d = 0, long e = 0, long f = 0) noexcept {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

/// A pointer as a system call argument.
[[gnu::always_inline]] inline long arg(const void* pointer) noexcept {
  return reinterpret_cast<long>(pointer);
}
[[gnu::always_inline]] inline long arg(std::uint64_t value) noexcept {
  return static_cast<long>(value);
}

/// An address the kernel or a script named, as a pointer.
template <class T>
[[gnu::always_inline]] inline T* at_address(std::uint64_t address) noexcept {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr): the one cast
}

/// The faults the calling thread has been charged with.
struct FaultCount {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
};

inline FaultCount thread_faults(rusage& scratch) noexcept {
  raw_syscall(SYS_getrusage, RUSAGE_THREAD, arg(&scratch));
  return {static_cast<std::uint64_t>(scratch.ru_minflt),
          static_cast<std::uint64_t>(scratch.ru_majflt)};
}

/// A clock in nanoseconds, asked of the kernel: the vdso's pages stay untouched.
inline std::uint64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  raw_syscall(SYS_clock_gettime, clock, arg(&now));
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}
inline std::uint64_t monotonic_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }

/// Sleeps, for less than a second: what the kernel has started comes to its end meanwhile.
inline void rest(std::int64_t nanoseconds) noexcept {
  const timespec pause{0, nanoseconds};
  raw_syscall(SYS_nanosleep, arg(&pause), 0);
}

}  // namespace tools::measure
