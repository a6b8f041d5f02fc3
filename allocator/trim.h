// Giving free memory back to the kernel: the end of the break, and whole pages inside free chunks.
#pragma once

#include <sys/mman.h>

#include "allocator/core.h"

namespace allocator {

/// Gives the end of top back to the kernel, all but `pad` bytes (section 11.1). Unsigned on
/// purpose: a top of just 32 bytes makes it grow by a page, as the library does.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::systrim(Arena av, std::size_t pad) {
  const M m = av.memory();
  const std::size_t thp = Params{m}[Params::kThpSize];
  const Chunk top = av.top();
  const ChunkSize size = top.top_size();
  const std::size_t avail = bytes(size) - kMinSize - 1;
  if (avail <= pad) return false;
  const std::size_t extra = align_down(avail - pad, thp != 0 ? thp : m.page_size());
  if (extra == 0) return false;
  const int error = m.error();  // free keeps it
  const VirtAddr now = sbrk(m, 0);
  if (now != top.after(size).at()) {
    note(m, Decision::TrimForeign, top.after(size).at().raw(), now.raw());
    return false;
  }
  sbrk(m, -static_cast<std::ptrdiff_t>(extra));
  const VirtAddr then = sbrk(m, 0);
  m.set_error(error);
  if (then.is_null() || then == now) return false;
  const std::size_t released = now - then;
  note(m, Decision::Trimmed, released, top.at().raw(), bytes(size) - released);
  av.add(Arena::kSystemMem, -released);
  note_trim(m, released);
  top.set_top_head(size - ChunkSize::of(released));
  return true;
}

/// Remembers the most that was given back at once since an arena last grew.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::note_trim(M m, std::size_t bytes) {
  if constexpr (!Policy::kLearnsToRetain) return;
  const Params par{m};
  if (par[Params::kRetain] == 0) return;
  if (bytes > par[Params::kTrimmed]) par.put(Params::kTrimmed, bytes);
}

/// An arena grows. If something was given back before, that was too early: a program that takes and
/// frees the like by turns pays the kernel once or twice for it, not each time. What trimming
/// leaves of top, up to a huge page, and as much again comes on top of it; twice what was trimmed
/// stayed with programs whose next peak was elsewhere.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::note_growth(M m) {
  if constexpr (!Policy::kLearnsToRetain) return;
  const Params par{m};
  const std::size_t trimmed = par[Params::kTrimmed];
  if (trimmed == 0) return;
  par.put(Params::kTrimmed, 0);
  const std::size_t kept = trimmed + 2 * Policy::kTrimThreshold;
  if (par[Params::kNoDynThreshold] == 0 && kept > par[Params::kTrimThreshold]) {
    par.put(Params::kTrimThreshold, kept);
  }
}

/// Drops the whole pages inside free chunks; their headers and feet stay (section 13.6).
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::trim_bins(Arena av) {
  constexpr std::size_t kFreeHeader = 48;  // up to bk_nextsize
  const M m = av.memory();
  const std::size_t page = m.page_size();
  bool released = false;
  const auto trim_chunk = [&](Chunk p) {
    const std::size_t size = bytes(p.size());
    if (size <= page - 1 + kFreeHeader) return;
    const VirtAddr from = (p.at() + kFreeHeader).align_up(page);
    const std::size_t rest = size - (from - p.at());
    if (rest <= page - 1) return;
    note(m, Decision::PagesDropped, p.at().raw(), align_down(rest, page));
    m.madvise(from, align_down(rest, page), MADV_DONTNEED);
    released = true;
  };
  const std::size_t first = bin_index(ChunkSize::of(page));
  for (std::size_t i = 1; i < kBins - 1; i = i == 1 ? first : i + 1) {
    const Chunk bin = av.bin(i);
    for (Chunk p = bin.bk(); p != bin; p = p.bk()) trim_chunk(p);
  }
  return released;
}

}  // namespace allocator
