// Buffers that grow by realloc, as logs and readers do: by a constant, and by half.
#include <array>

#include "bench/workload/workload.h"

namespace bench {
namespace {

constexpr std::size_t kFull = std::size_t{1} << 20;

struct Buffer {
  unsigned char* bytes = nullptr;
  std::size_t size = 0;

  void grow(std::size_t to) {
    bytes = static_cast<unsigned char*>(std::realloc(bytes, to));
    if (bytes == nullptr) std::abort();
    std::memset(bytes + size, static_cast<int>(to & 0x7f), to - size);
    size = to;
  }
  std::uint64_t end() {
    const std::uint64_t sum = bytes[0] + bytes[size - 1] + size;
    std::free(bytes);
    *this = {};
    return sum;
  }
};

template <class Next>
std::uint64_t grow_all(std::array<Buffer, 4>& buffers, Next next) {
  while (buffers.back().size < kFull) {
    for (Buffer& buffer : buffers) buffer.grow(next(buffer.size));
  }
  std::uint64_t sum = 0;
  for (Buffer& buffer : buffers) sum += buffer.end();
  return sum;
}

}  // namespace

std::uint64_t run_growth(unsigned /*threads*/) {
  std::array<Buffer, 4> buffers{};
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < 30; ++round) {
    sum += grow_all(buffers, [](std::size_t size) { return size + 2000; });
    sum += grow_all(buffers, [](std::size_t size) { return size + size / 2 + 100; });
  }
  return sum;
}

}  // namespace bench
