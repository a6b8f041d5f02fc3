// Filling the table of allocator calls.
#include "tools/run/child/heap.h"

#include <cerrno>
#include <cstdlib>

#include <link.h>
#include <malloc.h>

#include "tools/run/child/own_heap.h"

namespace tools::run::child {
namespace {

/// The calls of the process's own malloc. A preloaded library answers only those it exports; the C
/// library's version of another one would hand out a foreign block.
Heap process_heap() {
  const std::uint32_t has = shared.header->exports;
  const auto pick = [has](int bit, auto* function) {
    return (has >> bit & 1) != 0 ? function : nullptr;
  };
  Heap heap{};
  heap.malloc = pick(0, ::malloc);
  heap.calloc = pick(1, ::calloc);
  heap.realloc = pick(2, ::realloc);
  heap.memalign = pick(3, ::memalign);
  heap.aligned_alloc = pick(4, ::aligned_alloc);
  heap.posix_memalign = pick(5, ::posix_memalign);
  heap.valloc = pick(6, ::valloc);
  heap.pvalloc = pick(7, ::pvalloc);
  heap.free = pick(8, ::free);
  heap.malloc_trim = pick(9, ::malloc_trim);
  heap.mallopt = pick(10, ::mallopt);
  return heap;
}

Heap chosen_heap() {
  if (shared.header->serve == Serve::Ptmalloc) return ptmalloc_heap();
  if (shared.header->serve == Serve::Faultline) return faultline_heap();
  return process_heap();
}

struct Search {
  std::uint64_t address;
  bool found;
};

int find_object(dl_phdr_info* info, std::size_t, void* raw) {
  auto& search = *static_cast<Search*>(raw);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const std::uint64_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && search.address >= begin &&
        search.address < begin + header.p_memsz)
      search.found = __builtin_strcmp(info->dlpi_name, shared.header->library) == 0;
  }
  return 0;
}

}  // namespace

const Heap& heap() noexcept {
  static constinit Heap table{};
  if (table.malloc == nullptr) table = chosen_heap();
  return table;
}

Span heap_globals() noexcept {
  if (shared.header->serve != Serve::Process) return own_globals();
  return {};
}

bool served_by_library() noexcept {
  Search search{reinterpret_cast<std::uint64_t>(heap().malloc), false};
  dl_iterate_phdr(find_object, &search);
  return search.found;
}

}  // namespace tools::run::child
