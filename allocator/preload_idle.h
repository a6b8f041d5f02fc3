// The idle thread of libfaultline.so: free memory goes back to the kernel once the program rests.
#pragma once

#include "allocator/preload_memory.h"

namespace allocator {

/// Starts the idle thread if none runs. It ends when nothing has been taken from the arenas nor
/// laid down for a period (FAULTLINE_IDLE), having given all whole free pages back. Takes no lock
/// of the C library's, allocates nothing, and leaves errno; to be called while no arena is held.
void start_idle_thread() noexcept;

/// The child of fork: the thread did not come along.
void forget_idle_thread() noexcept;

}  // namespace allocator
