// A mapping that mremap grows.
#include "tools/compare/taken_bytes.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace tools::compare {
namespace {

constexpr std::size_t kFirstRoom = std::size_t{64} << 20;

}  // namespace

TakenBytes::TakenBytes() {
  void* const at = mmap(nullptr, kFirstRoom, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc{};
  madvise(at, kFirstRoom, MADV_HUGEPAGE);
  begin_ = static_cast<std::byte*>(at);
  room_ = kFirstRoom;
}

TakenBytes::~TakenBytes() {
  if (begin_ != nullptr) munmap(begin_, room_);
}

TakenBytes& TakenBytes::operator=(TakenBytes&& other) noexcept {
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
  std::swap(room_, other.room_);
  return *this;
}

void TakenBytes::append(const std::byte* bytes, std::size_t count) {
  while (room_ - size_ < count) {
    void* const at = mremap(begin_, room_, 2 * room_, MREMAP_MAYMOVE);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    begin_ = static_cast<std::byte*>(at);
    room_ *= 2;
  }
  std::memcpy(begin_ + size_, bytes, count);
  size_ += count;
}

void TakenBytes::clear() noexcept {
  if (size_ > kFirstRoom) madvise(begin_ + kFirstRoom, size_ - kFirstRoom, MADV_DONTNEED);
  size_ = 0;
}

}  // namespace tools::compare
