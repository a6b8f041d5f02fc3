// The heap as a step leaves it, in a terminal.
#pragma once

#include <string>

#include "tools/explain/heap_text.h"
#include "tools/explain/step_text.h"
#include "tools/heap/picture.h"

namespace tools::explain {

/// Of the process that ran the step, which must not have ended.
[[nodiscard]] heap::HeapPicture heap_of(const Step& step);

/// The script's names for its bytes. The step must outlive them.
[[nodiscard]] HeapWords heap_words(const Step& step);

/// The chunk of the block at `user`, which is called `name`: its row, and its words.
[[nodiscard]] std::string block_text(const Step& step, const heap::HeapPicture& picture,
                                     pagesim::VirtAddr user, const std::string& name,
                                     const Style& style);

/// The whole heap, or of the blocks that wishes.only names their chunks, word by word. Empty where
/// malloc was not called, or the process has ended.
[[nodiscard]] std::string step_heap_text(const Step& step, const StepWishes& wishes);

}  // namespace tools::explain
