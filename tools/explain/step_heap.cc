// Reading the heap of a step, and calling its bytes by the script's names.
#include "tools/explain/step_heap.h"

#include "tools/explain/chunk_words.h"
#include "tools/explain/view.h"
#include "tools/heap/peek_memory.h"
#include "tools/heap/reader.h"

namespace tools::explain {
namespace {

using pagesim::VirtAddr;

std::string indented(const std::string& text) {
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    all += "  " + text.substr(at, end - at);
    at = end;
  }
  return all;
}

/// Empty: the name stands for nothing yet.
std::string only_text(const Step& step, const heap::HeapPicture& picture, const std::string& name,
                      const Style& style) {
  const AskedPlace asked = read_place(step.program(), name);
  const VirtAddr user = step.places().resolve(step.op().process, asked.place);
  return user.is_null() ? std::string{} : block_text(step, picture, user, name, style);
}

}  // namespace

heap::HeapPicture heap_of(const Step& step) {
  return heap::read_heap(heap::PeekMemory{*step.task()});
}

HeapWords heap_words(const Step& step) {
  HeapWords words;
  words.address = [&step](VirtAddr at) { return step.address_text(at); };
  words.chunk = [&step](VirtAddr at) { return step.chunk_text(at); };
  words.pages = [&step](VirtAddr begin, VirtAddr end) { return step.pages(begin, end); };
  return words;
}

std::string block_text(const Step& step, const heap::HeapPicture& picture, VirtAddr user,
                       const std::string& name, const Style& style) {
  const heap::Chunk* const chunk = picture.chunk_at(user - allocator::kChunkHeader);
  const std::string row = chunk == nullptr ? "" : chunk_text(*chunk, heap_words(step), style);
  return row + indented(chunk_words(picture, *step.task(), user, name));
}

std::string step_heap_text(const Step& step, const StepWishes& wishes) {
  if (step.task() == nullptr) return {};
  const heap::HeapPicture picture = heap_of(step);
  if (!picture.initialized) return {};
  if (wishes.only.empty()) return heap_text(picture, heap_words(step), wishes.style);
  std::string text;
  for (const std::string& name : wishes.only) text += only_text(step, picture, name, wishes.style);
  return text + broken_text(picture, heap_words(step), wishes.style);
}

}  // namespace tools::explain
