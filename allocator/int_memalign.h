// Aligned allocation: a larger chunk, its ends given back (section 13.4).
#pragma once

#include <cerrno>

#include "allocator/core.h"

namespace allocator {

/// alignment: a power of two, 32 or more.
template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::int_memalign(Arena av, std::size_t alignment, std::size_t request) {
  const M m = av.memory();
  const auto nb = request2size(request);
  if (!nb || alignment > kMaxRequest) {
    m.set_error(ENOMEM);
    return {};
  }
  note(m, Decision::AlignRequest, request, bytes(*nb), bytes(*nb) + alignment + kMinSize);
  const VirtAddr user = int_malloc(av, bytes(*nb) + alignment + kMinSize);
  if (user.is_null()) return user;
  Chunk p = Chunk::of_user(m, user);
  if (!user.is_aligned(alignment)) {
    Chunk aligned = Chunk::of_user(m, user.align_up(alignment));
    if (aligned.at() - p.at() < kMinSize) aligned = {m, aligned.at() + alignment};
    p = free_leader(av, p, aligned);
  }
  const ChunkSize size = p.size();
  if (!p.is_mmapped() && bytes(size) > bytes(*nb) + kMinSize) {
    const Chunk remainder = p.after(*nb);
    note(m, Decision::AlignTrailer, remainder.at().raw(), bytes(size - *nb));
    remainder.set_head(size - *nb, kPrevInuse | av.flag());
    p.set_head_size(*nb);
    int_free(av, remainder, Lock::Held);
  }
  return p.user();
}

/// p becomes the chunk that starts at `aligned`: the bytes before it are freed, or, in a mapping of
/// its own, remembered in prev_size.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::free_leader(Arena av, Chunk p, Chunk aligned) -> Chunk {
  const std::size_t lead = aligned.at() - p.at();
  const ChunkSize rest = p.size() - ChunkSize::of(lead);
  note(p.memory(), Decision::AlignLeader, p.at().raw(), lead, aligned.at().raw());
  if (p.is_mmapped()) {
    aligned.set_prev_size(p.prev_size() + lead);
    aligned.set_head(rest, kIsMmapped);
    return aligned;
  }
  aligned.set_head(rest, kPrevInuse | av.flag());
  aligned.after(rest).set_prev_inuse();
  p.set_head_size(ChunkSize::of(lead));
  int_free(av, p, Lock::Held);
  return aligned;
}

}  // namespace allocator
