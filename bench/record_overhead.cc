// What recording costs a program that does nothing but allocate: CPU time with and without.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/trace/recorder.h"

extern char** environ;

namespace {

constexpr long kPairs = 5'000'000;
constexpr int kRuns = 5;
constexpr std::size_t kLive = 1024;

void* volatile g_block = nullptr;  // malloc must not be seen through

void same_size() {
  for (long i = 0; i < kPairs; ++i) {
    g_block = std::malloc(24);
    std::free(g_block);
  }
}

void many_sizes() {
  for (long i = 0; i < kPairs; ++i) {
    g_block = std::malloc(16 + static_cast<std::size_t>(i * 7 % 61) * 16);
    std::free(g_block);
  }
}

/// Blocks live for a while; sizes and ages are mixed.
void live_set() {
  std::vector<void*> live(kLive);
  unsigned state = 1;
  for (long i = 0; i < kPairs; ++i) {
    state = state * 1664525U + 1013904223U;
    void*& block = live[state >> 8 & (kLive - 1)];
    std::free(block);
    block = std::malloc(16 + (state >> 20) % 512);
  }
  for (void* block : live) std::free(block);
}

void four_threads() {
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back(live_set);
  for (std::thread& thread : threads) thread.join();
}

struct Pattern {
  const char* name;
  void (*run)();
  long pairs;
};
constexpr Pattern kPatterns[] = {{"same-size", same_size, kPairs},
                                 {"many-sizes", many_sizes, kPairs},
                                 {"live-set", live_set, kPairs},
                                 {"four-threads", four_threads, 4 * kPairs}};

double plain_seconds(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    std::abort();
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const Pattern& pattern, const std::string& output) {
  const std::vector<std::string> command{"/proc/self/exe", pattern.name};
  const std::vector<std::string> absolute{std::filesystem::read_symlink(command[0]).string(),
                                          pattern.name};
  std::vector<double> plain, recorded, ratios;
  double bytes = 0;
  for (int run = 0; run < kRuns; ++run) {
    plain.push_back(plain_seconds(absolute));
    const auto stats = tools::trace::record(
        {.output = output, .command = absolute, .replace = true, .library = RECORD_LIBRARY});
    recorded.push_back(stats.user_seconds + stats.system_seconds);
    ratios.push_back(recorded.back() / plain.back());
    bytes = stats.bytes_per_event();
  }
  const double scale = 1e9 / static_cast<double>(pattern.pairs);
  std::printf("%-14s %8.2f %10.2f %7.2f   %.3f\n", pattern.name, median(plain) * scale,
              median(recorded) * scale, median(ratios), bytes);
}

}  // namespace

int main(int count, char** arguments) {
  for (const Pattern& pattern : kPatterns) {
    if (count > 1 && std::string_view{arguments[1]} == pattern.name) {
      pattern.run();
      return 0;
    }
  }
  const std::string output =
      (std::filesystem::temp_directory_path() / ("record-overhead-" + std::to_string(getpid())))
          .string();
  std::printf("CPU ns for a malloc and a free, medians of %d interleaved runs\n", kRuns);
  std::printf("%-14s %8s %10s %7s   %s\n", "pattern", "plain", "recorded", "ratio", "bytes/event");
  for (const Pattern& pattern : kPatterns) measure(pattern, output);
  std::filesystem::remove(output);
  return 0;
}
