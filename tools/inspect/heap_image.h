// HeapImage: a snapshot whose malloc is known, and its heap's picture.
#pragma once

#include "tools/heap/picture.h"
#include "tools/heap/surroundings.h"
#include "tools/inspect/found_malloc.h"
#include "tools/inspect/plain_memory.h"

namespace tools::inspect {

struct HeapImage {
  Snapshot snapshot;
  FoundMalloc malloc;
};

/// A handle that a heap's reader reads an image through (tools/heap/reader.h).
class ImageMemory {
 public:
  explicit ImageMemory(const HeapImage& image) noexcept : image_{&image} {}

  template <class T>
  [[nodiscard]] T load(VirtAddr at, pagesim::AccessTag tag = {}) const {
    return PlainMemory{image_->snapshot}.load<T>(at, tag);
  }
  /// Whether the byte was saved, or is a zero that nobody wrote yet.
  [[nodiscard]] bool is_there(VirtAddr at) const;
  [[nodiscard]] VirtAddr globals() const noexcept { return image_->malloc.globals; }
  [[nodiscard]] heap::Surroundings surroundings() const;

 private:
  [[nodiscard]] heap::Surroundings of_glibc() const;

  const HeapImage* image_;
};

/// What is behind a header that is in swap is not known: that is the picture's broken rule then.
[[nodiscard]] heap::HeapPicture read_picture(const HeapImage& image);
[[nodiscard]] bool ends_in_swap(const heap::HeapPicture& picture, const Snapshot& snapshot);

}  // namespace tools::inspect
