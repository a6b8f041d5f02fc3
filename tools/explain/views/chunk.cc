// The view "chunk": the words of a block's chunk.
#include "tools/explain/chunk_words.h"
#include "tools/explain/view.h"
#include "tools/heap/peek_memory.h"
#include "tools/heap/reader.h"

namespace tools::explain {

std::string show_chunk(const ViewRequest& request, const Look& look) {
  const pagesim::Task& task = *look.run.task(request.process);
  return chunk_words(heap::read_heap(heap::PeekMemory{task}), task,
                     look.run.address(request.process, request.place), request.place_text);
}

}  // namespace tools::explain
