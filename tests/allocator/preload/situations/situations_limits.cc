// Kernel limits reached for real: each refusal gives glibc's errno, and loses nothing.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/allocator/preload/situations/situations.h"

namespace situations {
namespace {

constexpr std::array<std::size_t, 6> kSizes{100, 5000, 60'000, 120'000, 200'000, 1 << 20};
constexpr std::size_t kMost = 4000;

/// A number of /proc/self/status, in bytes.
std::size_t memory_now(const char* key) {
  std::array<char, 4096> text{};
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  const std::size_t got = std::fread(text.data(), 1, text.size() - 1, file);
  std::fclose(file);
  const char* const found = std::strstr(text.data(), key);
  if (got == 0 || found == nullptr) fail("/proc/self/status does not say");
  return std::strtoul(found + std::strlen(key), nullptr, 10) * 1024;
}

/// Allocates in turn of every size until each was refused often, gives all back, and starts anew.
void allocate_until_refused() {
  static std::array<void*, kMost> blocks;
  for (int round = 0; round < 2; ++round) {
    std::size_t made = 0;
    for (int refused = 0; refused < 12 && made < kMost; ++made) {
      errno = 0;
      void*& block = blocks[made];
      const std::size_t n = kSizes[made % kSizes.size()];
      block = made % 5 == 0   ? memalign(4096, n)
              : made % 3 == 0 ? std::calloc(n, 1)
                              : std::malloc(n);
      write_place(block);
      if (block == nullptr) ++refused;
      if (made % 7 != 0 || block == nullptr) continue;
      errno = 0;
      if (void* const larger = std::realloc(block, n * 3)) block = larger;
      write_place(block);
    }
    for (std::size_t i = 0; i < made; ++i) std::free(blocks[i]);
    write_state();
  }
}

void under_limit(__rlimit_resource resource, const char* key, std::size_t room) {
  rlimit limit{};
  getrlimit(resource, &limit);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = memory_now(key) + room;
  setrlimit(resource, &limit);
  allocate_until_refused();
  limit.rlim_cur = before;
  setrlimit(resource, &limit);
  write_place(std::malloc(3 << 20));
  write_state();
}

/// In the main arena, and in another thread's.
void with_little_data() {
  std::printf("main\n");
  under_limit(RLIMIT_DATA, "VmData:", 3 << 20);
  in_thread([] { under_limit(RLIMIT_DATA, "VmData:", 3 << 20); });
}
void with_little_address_space() {
  std::printf("main\n");
  under_limit(RLIMIT_AS, "VmSize:", 3 << 20);
  in_thread([] { under_limit(RLIMIT_AS, "VmSize:", 3 << 20); });
  in_thread([] { under_limit(RLIMIT_AS, "VmSize:", 66 << 20); });
}
/// The arena is there before the limit: its heap grows up to it.
void with_little_data_in_an_arena() {
  std::printf("thread\n");
  in_thread([] {
    write_place(std::malloc(10));
    under_limit(RLIMIT_DATA, "VmData:", 3 << 20);
  });
}

/// Maps pages that no neighbour merges with until the kernel has no more areas, all but `spare`.
class AllAreas {
 public:
  explicit AllAreas(std::size_t spare) {
    std::array<char, 32> text{};
    std::FILE* const file = std::fopen("/proc/sys/vm/max_map_count", "r");
    if (file == nullptr || std::fgets(text.data(), text.size(), file) == nullptr) fail("no limit");
    std::fclose(file);
    bytes_ = (std::strtoul(text.data(), nullptr, 10) + 1000) * kPage;
    at_ = static_cast<char*>(mmap(nullptr, bytes_, PROT_READ, kFlags, -1, 0));
    if (at_ == MAP_FAILED) fail("no address space");
    // Each call makes one area two, up to the page refused.
    std::size_t end = bytes_;
    while (end > 2 * kPage && mprotect(at_ + end - kPage, kPage, protection(end)) == 0)
      end -= kPage;
    if (end <= 2 * kPage) fail("the kernel has areas without end");
    for (std::size_t i = 0; i < spare; ++i, end += kPage) mprotect(at_ + end, kPage, PROT_READ);
  }
  ~AllAreas() { munmap(at_, bytes_); }
  AllAreas(const AllAreas&) = delete;
  AllAreas& operator=(const AllAreas&) = delete;

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  static int protection(std::size_t end) {
    return end / kPage % 2 == 0 ? PROT_NONE : PROT_READ | PROT_EXEC;
  }

  std::size_t bytes_ = 0;
  char* at_ = nullptr;
};

void allocate_with_areas(std::size_t spare) {
  const AllAreas areas{spare};
  std::array<void*, 40> blocks{};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    errno = 0;
    write_place(blocks[i] = std::malloc(kSizes[i % kSizes.size()]));
  }
  for (void*& block : blocks) {
    errno = 0;
    if (void* const larger = std::realloc(block, 300'000)) block = larger;
    write_place(block);
  }
  for (void* const block : blocks) std::free(block);
}

/// Large blocks have no mapping of their own then, and threads no arena.
void with_all_areas_taken() {
  std::printf("main\n");
  for (std::size_t spare = 0; spare < 3; ++spare) {
    allocate_with_areas(spare);
    write_state();
  }
}
void with_all_areas_taken_in_threads() {
  std::printf("threads\n");
  in_thread([] { allocate_with_areas(0); });
  in_thread([] { allocate_with_areas(1); });
  in_thread([] { allocate_with_areas(2); });
  in_thread([] { allocate_with_areas(4); });
  write_state();
}

/// A heap that grew and is trimmed; what of it stays accessible tells how it was given back.
void trim_a_heap() {
  std::printf("thread\n");
  in_thread([] {
    std::array<void*, 300> blocks{};
    for (int round = 0; round < 2; ++round) {
      for (void*& block : blocks) block = std::calloc(1, 100'000);
      write_state();
      for (void* const block : blocks) std::free(block);
      write_state();
    }
    errno = 0;
    write_place(std::malloc(std::size_t{1} << 47));
  });
}

constexpr std::array kSituations{
    Situation{"little-data", with_little_data},
    Situation{"little-data-in-an-arena", with_little_data_in_an_arena},
    Situation{"little-address-space", with_little_address_space},
    Situation{"all-areas-taken", with_all_areas_taken},
    Situation{"all-areas-taken-in-threads", with_all_areas_taken_in_threads},
    Situation{"a-heap-is-trimmed", trim_a_heap},
};

}  // namespace

std::span<const Situation> situations_of_limits() { return kSituations; }

}  // namespace situations
