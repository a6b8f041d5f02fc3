// Short processes, one after the other: what an allocator costs before it has served anything.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "bench/workload/workload.h"

extern char** environ;

namespace bench {
namespace {

/// The short process: 200 blocks, as a small command makes them.
std::uint64_t live_short() {
  Random random{700};
  std::array<void*, 200> blocks{};
  std::uint64_t sum = 0;
  for (void*& block : blocks) block = make_block(random.size(10));
  for (void* block : blocks) sum += free_block(block);
  return sum;
}

int start_one() {
  std::string name = "/proc/self/exe";
  std::string workload = "starts";
  std::string count = "2";  // of two "threads" the second is the short process
  std::array<char*, 4> arguments{name.data(), workload.data(), count.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
  pid_t child = 0;
  if (posix_spawn(&child, name.c_str(), &actions, nullptr, arguments.data(), environ) != 0) {
    std::abort();
  }
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (waitpid(child, &status, 0) != child) std::abort();
  return status;
}

}  // namespace

std::uint64_t run_starts(unsigned threads) {
  if (threads != 1) return live_short();
  std::uint64_t failed = 0;
  for (unsigned i = 0; i < 300; ++i) failed += start_one() == 0 ? 0 : 1;
  return failed;
}

}  // namespace bench
