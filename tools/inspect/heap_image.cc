// What the readers of heaps are told of a process read from outside.
#include "tools/inspect/heap_image.h"

#include "tools/heap/reader.h"
#include "tools/inspect/process_reader.h"

namespace tools::inspect {
namespace {

constexpr const char* kInSwap =
    "it, or what is behind it, is in swap and was not read: that would bring it in";

using allocator::Faultline;
using allocator::Glibc236;

/// Where malloc may have mapped a chunk: not behind a file's data, nor a stack.
std::vector<heap::Area> anonymous_areas(const Snapshot& snapshot) {
  std::vector<heap::Area> areas;
  VirtAddr data_end;
  for (const Mapping& mapping : snapshot.mappings) {
    if (mapping.is_file()) data_end = mapping.end;
    const bool is_bss = mapping.name.empty() && mapping.begin == data_end;
    if (!is_wanted(mapping) || !mapping.is_anonymous() || is_bss) continue;
    areas.push_back({mapping.begin, mapping.end});
  }
  return areas;
}

/// Where the break began, as far as the program may write there, if a chunk can begin there; null:
/// elsewhere.
VirtAddr first_chunk(const Snapshot& snapshot) {
  for (const Mapping& mapping : snapshot.mappings) {
    if (mapping.name != "[heap]" || !mapping.writable) continue;
    return begins_with_chunk(snapshot, mapping) ? mapping.begin : VirtAddr{};
  }
  return {};
}

}  // namespace

bool ImageMemory::is_there(VirtAddr at) const {
  const SavedArea* const area = image_->snapshot.area_at(at);
  return area != nullptr && area->pages[(at - area->begin) / kPage] != PageState::Swap;
}

heap::Surroundings ImageMemory::of_glibc() const {
  heap::Surroundings around;
  around.initialized = true;
  around.roots = {first_chunk(image_->snapshot), Glibc236::kTcacheBins, Glibc236::kHeapMax};
  return around;
}

heap::Surroundings ImageMemory::surroundings() const {
  heap::Surroundings around;
  switch (image_->malloc.kind) {
    case MallocKind::Glibc:
      around = of_glibc();
      break;
    case MallocKind::Ptmalloc:
      around = heap::own_surroundings<Glibc236>(*this);
      break;
    case MallocKind::Faultline:
      around = heap::own_surroundings<Faultline>(*this);
      break;
  }
  around.caches = image_->malloc.caches;
  around.areas = anonymous_areas(image_->snapshot);
  return around;
}

heap::HeapPicture read_picture(const HeapImage& image) {
  const ImageMemory memory{image};
  heap::HeapPicture picture = image.malloc.kind == MallocKind::Faultline
                                  ? heap::read_heap<Faultline>(memory)
                                  : heap::read_heap<Glibc236>(memory);
  if (ends_in_swap(picture, image.snapshot)) picture.broken->rule = kInSwap;
  return picture;
}

bool ends_in_swap(const heap::HeapPicture& picture, const Snapshot& snapshot) {
  if (!picture.broken) return false;
  const VirtAddr header = picture.broken->at + allocator::kWord;
  const std::uint64_t size = snapshot.word(header) & ~allocator::kSizeBits;
  return snapshot.page(header) == PageState::Swap ||
         snapshot.page(header + size) == PageState::Swap;
}

}  // namespace tools::inspect
