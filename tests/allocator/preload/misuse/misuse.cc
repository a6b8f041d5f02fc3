// misuse NAME: makes the mistake of that name. Without a name: lists names and messages.
#include "tests/allocator/preload/misuse/misuse.h"

#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace misuse {
namespace {

void* (*volatile const kPlainMalloc)(std::size_t) = std::malloc;
void* (*volatile const kPlainCalloc)(std::size_t, std::size_t) = std::calloc;
void (*volatile const kPlainFree)(void*) = std::free;
void* (*volatile const kPlainRealloc)(void*, std::size_t) = std::realloc;

using List = std::span<const Mistake> (*)();
constexpr std::array<List, 5> kLists{mistakes_of_free, mistakes_of_links, mistakes_of_malloc,
                                     mistakes_of_lists, mistakes_of_others};

int list_all() {
  for (const List list : kLists) {
    for (const Mistake& mistake : list()) std::printf("%s\t%s\n", mistake.name, mistake.message);
  }
  return 0;
}

const Mistake* find(const char* name) {
  for (const List list : kLists) {
    for (const Mistake& mistake : list()) {
      if (std::strcmp(mistake.name, name) == 0) return &mistake;
    }
  }
  return nullptr;
}

}  // namespace

Block at_address(std::uint64_t raw) {
  return reinterpret_cast<Block>(raw);  // NOLINT(performance-no-int-to-ptr): its purpose
}
std::uint64_t address(Block block) { return reinterpret_cast<std::uint64_t>(block); }
Block get(std::size_t n) { return static_cast<Block>(kPlainMalloc(n)); }
Block get_zeroed(std::size_t n) { return static_cast<Block>(kPlainCalloc(1, n)); }
void put(Block block) { kPlainFree(const_cast<std::uint64_t*>(block)); }
void resize(Block block, std::size_t n) { kPlainRealloc(const_cast<std::uint64_t*>(block), n); }
void guard() { (void)get(kMedium); }
void fill_cache(std::size_t n) {
  std::array<Block, kCacheDepth> blocks{};
  for (Block& block : blocks) block = get(n);
  for (const Block block : blocks) put(block);
}
Block beyond(Block block, std::ptrdiff_t at) {
  return at_address(address(block) + static_cast<std::uint64_t>(at));
}
Block above(Block block) { return beyond(block, static_cast<std::ptrdiff_t>(block[-1] & ~15UL)); }
std::uint64_t mangled(Block block, std::uint64_t target) { return (address(block) >> 12) ^ target; }

FastPair fast_pair(std::size_t n) {
  const FastPair pair{get(n), get(n)};
  guard();
  fill_cache(n);
  put(pair.first);
  put(pair.head);
  return pair;
}

}  // namespace misuse

int main(int count, char** arguments) {
  if (count < 2) return misuse::list_all();
  const rlimit no_core{};
  setrlimit(RLIMIT_CORE, &no_core);
  const misuse::Mistake* const mistake = misuse::find(arguments[1]);
  if (mistake == nullptr) {
    std::fprintf(stderr, "misuse: there is no mistake named %s\n", arguments[1]);
    return 2;
  }
  mistake->make();
  std::fprintf(stderr, "misuse: %s went unnoticed\n", mistake->name);
  return 1;
}
