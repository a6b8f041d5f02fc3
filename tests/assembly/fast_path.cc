// The fast paths of malloc and free over the process's own memory, as a program would call them.
#include "allocator/malloc.h"
#include "allocator/real_memory.h"

using allocator::Malloc;
using allocator::RealMemory;
using allocator::VirtAddr;

extern "C" {

std::uint64_t fast_malloc(std::size_t n) { return Malloc{RealMemory{}}.malloc(n).raw(); }
void fast_free(VirtAddr user) { Malloc{RealMemory{}}.free(user); }

}  // extern "C"
