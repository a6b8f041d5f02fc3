// A library whose thread_locals own memory, to be opened and closed by threads.
#include <cstdlib>
#include <cstring>

namespace {

/// Freed when the thread ends; the library stays until then.
struct Owner {
  Owner() : block{std::malloc(300)} {}
  ~Owner() { std::free(block); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  void* block;
};
thread_local Owner owner;

/// Freed when the library goes.
struct Library {
  Library() : block{std::malloc(2000)} {}
  ~Library() { std::free(block); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  void* block;
};
const Library library;

}  // namespace

extern "C" [[gnu::visibility("default")]] void use(std::size_t n) {
  owner.block = std::realloc(owner.block, n);
  std::memset(owner.block, 1, n);
}
