// Memory is short: the depot's blocks go back to their arenas, where they merge with each other.
#pragma once

#include "allocator/core.h"
#include "allocator/depot.h"

namespace allocator {

/// Merges what lies in the depot of av, which is held, if that is more than `most` bytes; false: it
/// is not.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::merge_depot(Arena av, std::size_t most) {
  const Depot<M> depot{av};
  if (depot.bytes_kept() <= most) return false;
  for (std::size_t i = 0; i < kSizeClasses; ++i) {
    for (VirtAddr batch = depot.pop_all(i); !batch.is_null();) {
      const VirtAddr following = CachedBlock<M>{av.memory(), batch}.next_batch();
      merge_list(av, batch);
      batch = following;
    }
  }
  return true;
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::merge_list(Arena av, VirtAddr user) {
  while (!user.is_null()) {
    const VirtAddr next = CachedBlock<M>{av.memory(), user}.next();
    const Chunk p = Chunk::of_user(av.memory(), user);
    int_free_merge(av, p, p.size());
    user = next;
  }
}

}  // namespace allocator
