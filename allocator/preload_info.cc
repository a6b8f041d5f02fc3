// malloc_stats and malloc_info, in glibc's layout.
#include "allocator/preload_info.h"

#include "allocator/info.h"
#include "allocator/preload_memory.h"

namespace allocator {
namespace {

using ProcessArena = Arena<ProcessMemory>;
using ProcessParams = Params<ProcessMemory>;

/// Calls `visit` with each arena, main first, and its number.
template <class Visit>
void for_each_arena(Visit visit) noexcept {
  const ProcessArena main = ProcessArena::main(ProcessMemory{});
  ProcessArena av = main;
  int number = 0;
  do {
    visit(number++, av);
    av = av.next();
  } while (av != main);
}

/// Runs `read` under the arena's lock.
template <class Read>
void with_lock(ProcessArena av, Read read) noexcept {
  const ProcessMemory m;
  const bool shared = !m.single_threaded();
  if (shared) m.lock(av.lock_word());
  read();
  if (shared) m.unlock(av.lock_word());
}

void print_bytes(FILE* file, unsigned system, unsigned in_use) noexcept {
  std::fprintf(file, "system bytes     = %10u\n", system);
  std::fprintf(file, "in use bytes     = %10u\n", in_use);
}

void print_row(FILE* file, const char* element, const SizeClass& row) noexcept {
  if (row.count == 0) return;
  std::fprintf(file, "  <%s from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n", element,
               row.from, row.to, row.total, row.count);
}

void print_total(FILE* file, const char* type, std::size_t count, std::size_t bytes) noexcept {
  std::fprintf(file, "<total type=\"%s\" count=\"%zu\" size=\"%zu\"/>\n", type, count, bytes);
}

void print_space(FILE* file, const ArenaInfo& info) noexcept {
  std::fprintf(file, "<system type=\"current\" size=\"%zu\"/>\n", info.system_mem);
  std::fprintf(file, "<system type=\"max\" size=\"%zu\"/>\n", info.max_system_mem);
  std::fprintf(file, "<aspace type=\"total\" size=\"%zu\"/>\n", info.aspace);
  std::fprintf(file, "<aspace type=\"mprotect\" size=\"%zu\"/>\n", info.aspace_mprotect);
}

void print_heap(FILE* file, int number, const ArenaInfo& info) noexcept {
  std::fprintf(file, "<heap nr=\"%d\">\n<sizes>\n", number);
  for (const SizeClass& row : info.fast) print_row(file, "size", row);
  for (std::size_t i = kUnsorted + 1; i < kBins; ++i) print_row(file, "size", info.bins[i]);
  print_row(file, "unsorted", info.bins[kUnsorted]);
  std::fputs("</sizes>\n", file);
  print_total(file, "fast", info.fast_total.count, info.fast_total.total);
  print_total(file, "rest", info.rest.count, info.rest.total);
  print_space(file, info);
  if (info.heaps != 0) {
    std::fprintf(file, "<aspace type=\"subheaps\" size=\"%zu\"/>\n", info.heaps);
  }
  std::fputs("</heap>\n", file);
}

void add(ArenaInfo& sum, const ArenaInfo& info) noexcept {
  sum.fast_total.count += info.fast_total.count;
  sum.fast_total.total += info.fast_total.total;
  sum.rest.count += info.rest.count;
  sum.rest.total += info.rest.total;
  sum.system_mem += info.system_mem;
  sum.max_system_mem += info.max_system_mem;
  sum.aspace += info.aspace;
  sum.aspace_mprotect += info.aspace_mprotect;
}

}  // namespace

void print_stats(FILE* file) noexcept {
  const ProcessParams par{ProcessMemory{}};
  auto system = static_cast<unsigned>(par[ProcessParams::kMmappedMem]);
  unsigned in_use = system;
  for_each_arena([&](int number, ProcessArena av) {
    Mallinfo2 info;
    with_lock(av, [&] { add_arena(av, info); });
    std::fprintf(file, "Arena %d:\n", number);
    print_bytes(file, static_cast<unsigned>(info.arena), static_cast<unsigned>(info.uordblks));
    system += static_cast<unsigned>(info.arena);
    in_use += static_cast<unsigned>(info.uordblks);
  });
  std::fputs("Total (incl. mmap):\n", file);
  print_bytes(file, system, in_use);
  std::fprintf(file, "max mmap regions = %10u\n",
               static_cast<unsigned>(par[ProcessParams::kMaxMmaps]));
  std::fprintf(file, "max mmap bytes   = %10lu\n", par[ProcessParams::kMaxMmappedMem]);
}

void print_info(FILE* file) noexcept {
  const ProcessMemory m;
  const ProcessParams par{m};
  ArenaInfo sum;
  std::fputs("<malloc version=\"1\">\n", file);
  for_each_arena([&](int number, ProcessArena av) {
    ArenaInfo info;
    with_lock(av, [&] { collect_info(av, Core<ProcessMemory, ProcessPolicy>::heap_max(m), info); });
    print_heap(file, number, info);
    add(sum, info);
  });
  print_total(file, "fast", sum.fast_total.count, sum.fast_total.total);
  print_total(file, "rest", sum.rest.count, sum.rest.total);
  print_total(file, "mmap", par[ProcessParams::kMmaps], par[ProcessParams::kMmappedMem]);
  print_space(file, sum);
  std::fputs("</malloc>\n", file);
}

}  // namespace allocator
