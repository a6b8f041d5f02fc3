// Warm frames: those freed last, which may still lie in the processor's cache.
#pragma once

#include <sys/mman.h>

#include <cstdint>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {

/// The calling thread and those it starts run where it is now.
inline void stay_on_this_processor() noexcept {
  constexpr unsigned kBits = 64;
  unsigned processor = 0;
  std::uint64_t mask[16] = {};
  raw_syscall(SYS_getcpu, arg(&processor));
  if (processor >= kBits * 16) return;
  mask[processor / kBits] = std::uint64_t{1} << processor % kBits;
  raw_syscall(SYS_sched_setaffinity, 0, sizeof mask, arg(mask));
}

/// Takes them and holds them until the process ends, so that what is timed afterwards gets others,
/// whoever ran before. Each processor has warm frames of its own, so the process stays on this one.
inline void take_warm_frames() noexcept {
  stay_on_this_processor();
  constexpr std::uint64_t kBytes = std::uint64_t{16} << 20;
  const long at = raw_syscall(SYS_mmap, 0, arg(kBytes), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at < 0) return;
  raw_syscall(SYS_madvise, at, arg(kBytes), MADV_NOHUGEPAGE);
  for (std::uint64_t page = 0; page < kBytes; page += kPage)
    *at_address<volatile char>(static_cast<std::uint64_t>(at) + page) = 1;
}

}  // namespace tools::measure
