// idle trim | idle WAIT_MILLISECONDS: takes some 150 MB in blocks of many sizes, gives most of them
// back, in a thread that then ends; forks a child that allocates; trims or waits; prints the
// resident KiB at the peak and at the end, and how many threads there are.
#include <dirent.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace {

long resident_kib() {
  long pages = 0;
  FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) std::abort();
  std::fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int threads() {
  DIR* const tasks = opendir("/proc/self/task");
  int n = -2;  // . and ..
  while (readdir(tasks) != nullptr) ++n;
  closedir(tasks);
  return n;
}

std::vector<void*> blocks(std::size_t n) {
  std::vector<void*> all;
  std::size_t state = 1;
  for (std::size_t i = 0; i < n; ++i) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const std::size_t size = std::size_t{16} << (state >> 60) / 2;  // to 2 KiB
    all.push_back(std::malloc(size + (state >> 33) % size));
    std::memset(all.back(), 1, size);
  }
  return all;
}

/// One block in ten of the second half stays.
long make_peak() {
  const std::vector<void*> all = blocks(200'000);
  const long peak = resident_kib();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 10 != 0 || i < all.size() / 2) std::free(all[i]);
  }
  return peak;
}

/// Whether a child can allocate, whatever ran in its parent.
bool child_allocates() {
  const pid_t child = fork();
  if (child == 0) {
    for (void* block : blocks(20'000)) std::free(block);
    _exit(0);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  long peak = 0;
  std::thread{[&] { peak = make_peak(); }}.join();
  if (!child_allocates()) return 1;
  if (std::string_view{argv[1]} == "trim") {
    malloc_trim(0);
  } else {
    std::this_thread::sleep_for(std::chrono::milliseconds{std::atoi(argv[1])});
  }
  std::printf("%ld %ld %d\n", peak, resident_kib(), threads());
}
