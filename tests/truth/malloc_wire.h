// The memory a test shares with malloc-oracle: a trace's operations one way, raw results the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace truth {

inline constexpr std::size_t kWireOps = 1 << 15;
inline constexpr std::size_t kWireCalls = 1 << 16;
inline constexpr std::size_t kWireSlots = 1 << 15;
inline constexpr std::size_t kWirePages = 1 << 18;

struct WireOp {
  std::uint64_t n;
  std::uint64_t m;
  std::uint32_t slot;
  char verb;  ///< a truth::Verb
};

/// A system call with its x86-64 number; result is the kernel's: an address, 0 or -errno.
struct WireCall {
  std::uint64_t arguments[4];
  std::int64_t result;
  std::uint64_t number;
};

struct WireResult {
  std::uint64_t pointer;
  std::uint64_t usable;
  std::int64_t value;
  std::uint64_t info[5];
  std::uint32_t first_call;  ///< calls of this operation: [first_call, last_call) of Wire::calls
  std::uint32_t last_call;
  std::int32_t error;
};

/// Fixed capacities, so that the replaying process allocates nothing. Lives in a file of zeroes:
/// what is not used costs nothing.
struct Wire {
  // Asked.
  std::uint32_t ops;
  std::uint32_t in_thread;    ///< run in a second thread
  std::uint64_t ceiling;      ///< mappings are placed downward from here; 0: where the kernel will
  std::uint64_t base_offset;  ///< the initial break modulo 2^21 before the first operation
  // Answered.
  std::uint64_t base;   ///< the initial break
  std::uint64_t brk;    ///< the break at the end
  std::uint32_t begun;  ///< operations begun
  std::uint32_t done;   ///< operations finished
  std::uint32_t calls_made;
  std::uint32_t overflow;  ///< a capacity was too small
  char glibc[32];          ///< gnu_get_libc_version
  WireOp op[kWireOps];
  WireResult result[kWireOps];
  WireCall call[kWireCalls];
  std::uint64_t slot[kWireSlots];
  unsigned char resident[kWirePages];  ///< mincore of [base, brk), a byte a page
};

/// File descriptors malloc-oracle is started with, besides: 0 commands, one byte a trace; 1
/// answers, the int of waitpid each; 2 what a dying library says.
inline constexpr int kWireDescriptor = 3;

}  // namespace truth
