// The words of a chunk, and whose each of them is now.
#pragma once

#include <string>

#include "pagesim/machine.h"
#include "tools/heap/picture.h"

namespace tools::explain {

/// A table of them for the chunk of the block at `user`, which is called `name`: its header, the
/// words a free chunk may have for itself, and the next one's prev_size.
[[nodiscard]] std::string chunk_words(const heap::HeapPicture& picture, const pagesim::Task& task,
                                      pagesim::VirtAddr user, const std::string& name);

}  // namespace tools::explain
