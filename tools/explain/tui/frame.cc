// Composing a step's texts.
#include "tools/explain/tui/frame.h"

#include "allocator/chunk.h"
#include "tools/explain/step_heap.h"
#include "tools/explain/step_text.h"

namespace tools::explain {
namespace {

using pagesim::VirtAddr;

constexpr std::array<std::string_view, kPanes> kPaneNames = {"script", "step",  "pages", "heap",
                                                             "lists",  "chunk", "help"};

/// The block that the step is about; null: none.
VirtAddr block_of(const Step& step) {
  if (step.outcome().address != 0) return VirtAddr{step.outcome().address};
  const script::Place& to = step.op().to;
  if (to.base != script::Base::Name) return VirtAddr{};
  return step.places().resolve(step.op().process, {to.base, to.name, 0});
}

/// Draws what malloc has, each part if it is wanted.
class HeapFrame {
 public:
  HeapFrame(const Step& step, const FrameRequest& request)
      : step_{step}, request_{request}, picture_{heap_of(step)}, words_{heap_words(step)} {
    block_ = request.followed != 0 ? VirtAddr{request.followed} : block_of(step);
    const heap::Chunk* const chunk =
        block_.is_null() ? nullptr : picture_.chunk_at(block_ - allocator::kChunkHeader);
    if (chunk != nullptr) words_.marked = chunk->at;
    words_.most_rows = kMostRows;
  }

  void draw(Frame& frame) const {
    if (!picture_.initialized) {
      frame[index(Pane::Heap)] = "  malloc was not called yet\n";
      return;
    }
    if (const auto style = style_of(Pane::Heap); style.width != 0) {
      frame[index(Pane::Heap)] = regions_text(picture_, words_, style);
    }
    if (const auto style = style_of(Pane::Lists); style.width != 0) {
      frame[index(Pane::Lists)] =
          lists_text(picture_, words_, style) + arenas_text(picture_, words_, style) +
          thresholds_text(picture_.thresholds, style) + broken_text(picture_, words_, style);
    }
    if (const auto style = style_of(Pane::Chunk); style.width != 0) {
      frame[index(Pane::Chunk)] =
          block_.is_null() ? "  this step is about no block\n"
                           : block_text(step_, picture_, block_,
                                        step_.places().text(step_.op().process, block_), style);
    }
  }

 private:
  static constexpr std::size_t kMostRows = 2000;  // more are drawn in no blink

  static std::size_t index(Pane pane) { return static_cast<std::size_t>(pane); }
  [[nodiscard]] Style style_of(Pane pane) const {
    return {request_.widths[index(pane)], request_.colours};
  }

  const Step& step_;
  const FrameRequest& request_;
  heap::HeapPicture picture_;
  HeapWords words_;
  VirtAddr block_;
};

}  // namespace

std::string_view to_string(Pane pane) noexcept {
  return kPaneNames[static_cast<std::size_t>(pane)];
}

Frame frame_of(const Step& step, const FrameRequest& request) {
  Frame frame;
  const auto width = [&](Pane pane) { return request.widths[static_cast<std::size_t>(pane)]; };
  if (width(Pane::Step) != 0) {
    const Style style{width(Pane::Step), request.colours};
    frame[static_cast<std::size_t>(Pane::Step)] =
        title_text(step, style) + why_text(step, style) + receipt_text(step, style);
  }
  if (width(Pane::Pages) != 0) {
    const Style style{width(Pane::Pages), request.colours};
    frame[static_cast<std::size_t>(Pane::Pages)] = strips_text(step, style) + strip_legend();
  }
  const bool heap = width(Pane::Heap) + width(Pane::Lists) + width(Pane::Chunk) != 0;
  if (heap && step.task() != nullptr) HeapFrame{step, request}.draw(frame);
  if (step.task() == nullptr) {
    frame[static_cast<std::size_t>(Pane::Heap)] = "  the process that ran this step has ended\n";
  }
  return frame;
}

}  // namespace tools::explain
