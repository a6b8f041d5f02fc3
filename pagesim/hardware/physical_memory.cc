// PhysicalMemory: handing out frames and keeping the bytes that were stored.
#include "pagesim/hardware/physical_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "pagesim/check.h"

namespace pagesim::hardware {

namespace {

constexpr std::uint32_t kFirstFrame = 2;  // after the frame that is never used and the zero page

}  // namespace

PhysicalMemory::PhysicalMemory(const Geometry& geometry, std::uint64_t memory_bytes)
    : page_shift_{geometry.page_shift},
      page_size_{geometry.page_size()},
      limit_{memory_bytes >> geometry.page_shift},
      next_{kFirstFrame},
      records_{nullptr},
      contents_(1, nullptr) {
  check(limit_ > kFirstFrame && limit_ <= 0xffff'ffff, "memory_bytes is 3 to 2^32 - 1 frames");
  check(memory_bytes <= std::uint64_t{1} << geometry.physical_bits,
        "page-table entries can hold the address of every frame");
  void* map = ::mmap(nullptr, limit_ * sizeof(FrameRecord), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) throw std::bad_alloc{};
  records_ = static_cast<FrameRecord*>(map);
}

PhysicalMemory::~PhysicalMemory() {
  for (std::byte* content : contents_) std::free(content);
  ::munmap(records_, limit_ * sizeof(FrameRecord));
}

MaybeFrame PhysicalMemory::allocate(unsigned order) {
  if (order == 0) return allocate();
  std::uint32_t first = free_[order];
  if (first != 0)
    free_[order] = records_[first].content;
  else
    first = bump(order);
  if (first == 0) return {};
  const std::uint32_t end = first + (std::uint32_t{1} << order);
  FrameRecord fresh;
  fresh.set_order(order);
  for (std::uint32_t frame = first; frame < end; ++frame) {
    records_[frame] = fresh;
    if (log_ != nullptr) log_->push_back(FrameNumber{frame});
  }
  in_use_ += end - first;
  return FrameNumber{first};
}

std::uint32_t PhysicalMemory::bump(unsigned order) {
  const std::uint64_t frames = std::uint64_t{1} << order;
  const std::uint64_t first = (next_ + frames - 1) & ~(frames - 1);
  if (first + frames > limit_) return 0;
  for (; next_ < first; ++next_) {  // what alignment skips serves single pages
    records_[next_].content = free_[0];
    free_[0] = static_cast<std::uint32_t>(next_);
  }
  next_ = first + frames;
  return static_cast<std::uint32_t>(first);
}

MaybeFrame PhysicalMemory::allocate_table(std::size_t entries) {
  const MaybeFrame frame = allocate();
  if (!frame) return frame;
  FrameRecord& table = record(*frame);
  table.content = new_content(entries * sizeof(std::uint64_t));
  table.set(frame_flag::Table);
  return frame;
}

void PhysicalMemory::free(FrameNumber frame) {
  FrameRecord& freed = record(frame);
  drop_content(freed);
  freed = {};
  freed.content = free_[0];
  free_[0] = static_cast<std::uint32_t>(frame);
  --in_use_;
}

void PhysicalMemory::free_folio(FrameNumber head, unsigned order) {
  const auto first = static_cast<std::uint32_t>(head);
  for (std::uint32_t i = 0; i < std::uint32_t{1} << order; ++i) {
    drop_content(records_[first + i]);
    records_[first + i] = {};
  }
  records_[first].content = free_[order];
  free_[order] = first;
  in_use_ -= std::uint64_t{1} << order;
}

std::uint32_t PhysicalMemory::new_content(std::size_t bytes) {
  auto* content = static_cast<std::byte*>(std::calloc(1, bytes));
  if (content == nullptr) throw std::bad_alloc{};
  if (free_contents_.empty()) {
    contents_.push_back(content);
    return static_cast<std::uint32_t>(contents_.size() - 1);
  }
  const std::uint32_t index = free_contents_.back();
  free_contents_.pop_back();
  contents_[index] = content;
  return index;
}

void PhysicalMemory::drop_content(FrameRecord& frame) noexcept {
  if (frame.content == 0) return;
  std::free(contents_[frame.content]);
  contents_[frame.content] = nullptr;
  free_contents_.push_back(frame.content);
  frame.content = 0;
}

std::byte* PhysicalMemory::contents_for(FrameNumber frame) {
  FrameRecord& written = record(frame);
  if (written.content == 0) {
    check(frame != kZeroFrame, "the zero page is never written");
    written.content = new_content(page_size_);
  }
  written.set(frame_flag::Nonzero);
  return contents_[written.content];
}

void PhysicalMemory::read(PhysAddr at, void* to, std::size_t n) const noexcept {
  const std::uint32_t content = record(frame_of(at)).content;
  if (content == 0)
    std::memset(to, 0, n);
  else
    std::memcpy(to, contents_[content] + offset_of(at), n);
}

void PhysicalMemory::write(PhysAddr at, const void* from, std::size_t n) {
  std::memcpy(contents_for(frame_of(at)) + offset_of(at), from, n);
}

void PhysicalMemory::fill(PhysAddr at, std::uint8_t byte, std::size_t n) {
  if (byte == 0 && record(frame_of(at)).content == 0) {  // zero stays zero
    record(frame_of(at)).set(frame_flag::Nonzero);
    return;
  }
  std::memset(contents_for(frame_of(at)) + offset_of(at), byte, n);
}

void PhysicalMemory::zero(PhysAddr at, std::size_t n) noexcept {
  if (n == page_size_) return clear_frame(frame_of(at));
  if (const std::uint32_t content = record(frame_of(at)).content; content != 0)
    std::memset(contents_[content] + offset_of(at), 0, n);
}

void PhysicalMemory::copy(PhysAddr to, PhysAddr from, std::size_t n) {
  const std::uint32_t source = record(frame_of(from)).content;
  if (source == 0) {
    fill(to, 0, n);
    return;
  }
  std::byte* target = contents_for(frame_of(to)) + offset_of(to);
  std::memmove(target, contents_[source] + offset_of(from), n);
}

void PhysicalMemory::copy_frame(FrameNumber to, FrameNumber from) {
  const FrameRecord& source = record(from);
  if (source.content != 0)
    std::memcpy(contents_for(to), contents_[source.content], page_size_);
  else if (source.has(frame_flag::Nonzero))
    record(to).set(frame_flag::Nonzero);
}

void PhysicalMemory::clear_frame(FrameNumber frame) noexcept {
  drop_content(record(frame));
  record(frame).clear(frame_flag::Nonzero);
}

}  // namespace pagesim::hardware
