// situations NAME: brings about the situation of that name. Without a name: lists them.
#include "tests/allocator/preload/situations/situations.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace situations {
namespace {

using List = std::span<const Situation> (*)();
constexpr std::array<List, 4> kLists{situations_of_keys, situations_of_libraries,
                                     situations_of_signals, situations_of_limits};
constexpr std::uint64_t kHeapBytes = 64 << 20;  // of an arena other than the main one
std::uint64_t base;                             // NOLINT: the break before the first call

int list_all() {
  for (const List list : kLists) {
    for (const Situation& situation : list()) std::puts(situation.name);
  }
  return 0;
}

int live(const char* name) {
  for (const List list : kLists) {
    for (const Situation& situation : list()) {
      if (std::strcmp(situation.name, name) != 0) continue;
      situation.live();
      return 0;
    }
  }
  std::fprintf(stderr, "situations: there is none named %s\n", name);
  return 2;
}

std::size_t draw(unsigned& state, std::size_t below) {
  state = state * 1664525 + 1013904223;
  return (state >> 8) % below;
}

void check_stamp(const unsigned char* p, std::size_t n) {
  const auto stamp = static_cast<unsigned char>(n);
  if (p[0] != stamp || p[n - 1] != stamp) fail("a block lost its stamp");
}

}  // namespace

void fail(const char* what) {
  std::fprintf(stderr, "situations: %s\n", what);
  std::_Exit(1);
}

void write_place(const void* p) {
  const auto at = reinterpret_cast<std::uint64_t>(p);
  if (p == nullptr) {
    std::printf("null, error %d\n", errno);
  } else if (at >= base && at < reinterpret_cast<std::uint64_t>(sbrk(0))) {
    std::printf("%lu\n", at - base);
  } else if ((static_cast<const std::uint64_t*>(p)[-1] & 2) != 0) {
    std::printf("mapping\n");
  } else if ((static_cast<const std::uint64_t*>(p)[-1] & 4) != 0) {
    std::printf("arena + %lu\n", at % kHeapBytes);
  } else {
    std::printf("mapped heap\n");
  }
}

void write_state() {
  malloc_info(0, stdout);
  std::printf("in use %zu\n", mallinfo2().uordblks);
}

void in_thread(void (*live)()) {
  pthread_t thread{};
  const auto run = [](void* body) -> void* {
    reinterpret_cast<void (*)()>(body)();
    return nullptr;
  };
  if (pthread_create(&thread, nullptr, run, reinterpret_cast<void*>(live)) != 0) fail("no thread");
  pthread_join(thread, nullptr);
}

void churn(unsigned seed, int operations) {
  struct Block {
    unsigned char* at = nullptr;
    std::size_t size = 0;
  };
  std::array<Block, 64> blocks;
  while (operations-- > 0) {
    Block& block = blocks[draw(seed, blocks.size())];
    if (block.at != nullptr) check_stamp(block.at, block.size);
    const std::size_t n = draw(seed, 8) == 0 ? 0 : 1 + draw(seed, draw(seed, 16) == 0 ? 9000 : 300);
    block.at = static_cast<unsigned char*>(std::realloc(block.at, n));
    block.size = n;
    if (block.at == nullptr) continue;
    block.at[0] = block.at[n - 1] = static_cast<unsigned char>(n);
  }
  for (const Block& block : blocks) std::free(block.at);
}

}  // namespace situations

int main(int count, char** arguments) {
  situations::base = reinterpret_cast<std::uint64_t>(sbrk(0));
  return count < 2 ? situations::list_all() : situations::live(arguments[1]);
}
