// workload NAME THREADS: runs one and prints its sum. workload --list: names, threads, texts.
#include "bench/workload/workload.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace {

using namespace bench;

constexpr std::array kWorkloads{
    Workload{"fixed", "a few small sizes, taken and given back in turn", run_fixed, kAlone},
    Workload{"mixed", "a random live set of sizes up to 8 KiB", run_mixed, kAlone},
    Workload{"server", "threads end and leave their live blocks to the next one", run_server,
             kShared},
    Workload{"handoff", "blocks made by one thread and freed by another", run_handoff, kShared},
    Workload{"bursts", "bursts of many sizes, freed in other orders", run_bursts, kOne},
    Workload{"swapped-bursts", "bursts, part of them freed by another thread", run_swapped_bursts,
             kShared},
    Workload{"survivors", "short lives, and long ones that threads take from each other",
             run_survivors, kShared},
    Workload{"scratch", "blocks made by one thread, written by others side by side", run_scratch,
             kShared},
    Workload{"thrash", "each thread writes to small blocks of its own", run_thrash, kShared},
    Workload{"large", "blocks of 5 to 25 MiB that come and go", run_large, kOne},
    Workload{"growth", "buffers grown by realloc to 1 MiB", run_growth, kOne},
    Workload{"starts", "processes that do little and end", run_starts, kOne},
    Workload{"fragments", "a live set whose sizes drift upward", run_fragments, kOne},
    Workload{"regrow", "a heap of 8 MiB that empties and fills again", run_regrow, kOne},
    Workload{"huge", "blocks of 64 MiB, one after the other", run_huge, kOne},
    Workload{"containers", "maps, strings, vectors and lists of the C++ library", run_containers,
             kOne},
};

int list() {
  for (const Workload& workload : kWorkloads) {
    std::printf("%s\t", workload.name.data());
    for (const unsigned& n : workload.threads) {
      std::printf("%s%u", &n == workload.threads.data() ? "" : ",", n);
    }
    std::printf("\t%s\n", workload.text.data());
  }
  return 0;
}

int usage() {
  std::fputs("usage: workload NAME THREADS, or workload --list\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  if (argc == 2 && std::string_view{arguments[1]} == "--list") return list();
  if (argc != 3) return usage();
  const std::string_view name{arguments[1]};
  const std::string_view count{arguments[2]};
  unsigned threads = 0;
  std::from_chars(count.data(), count.data() + count.size(), threads);
  const auto* const found = std::ranges::find(kWorkloads, name, &Workload::name);
  if (found == kWorkloads.end() || threads == 0) return usage();
  std::printf("%llu\n", static_cast<unsigned long long>(found->run(threads)));
  return 0;
}
