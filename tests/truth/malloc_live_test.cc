// Random traces run by the installed glibc and by ours: same addresses, same system calls.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "tests/truth/live_parties.h"
#include "tests/truth/malloc_generator.h"
#include "tests/truth/malloc_shrinker.h"
#include "tests/truth/oracle_client.h"

namespace truth {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kVersion = "2.36";
constexpr std::uint64_t kFixedSeed = 20'221'101;
/// The heap is walked after every so manieth operation of every trace.
constexpr std::uint32_t kCheckEvery = 64;

/// What the command line asks for.
struct Options {
  std::optional<std::uint64_t> seed;  ///< only these traces, counted up from it
  std::uint32_t traces = 1000;
  std::uint32_t ops = 2000;
  std::uint32_t shrink_seconds = 30;
};
Options& options() {
  static Options options;
  return options;
}

/// The kernel of this machine gives huge pages where madvise asks for them.
bool huge_pages_on_request() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::string mode{std::istreambuf_iterator<char>(file), {}};
  return mode.find("[madvise]") != std::string::npos;
}

class MallocLiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(gnu_get_libc_version()) != kVersion) {
      GTEST_SKIP() << "the installed glibc is " << gnu_get_libc_version() << ", ours is as "
                   << kVersion;
    }
    if (const std::string reason = why_no_oracle(); !reason.empty()) GTEST_SKIP() << reason;
    limits_.ops = options().ops;
    limits_.huge_pages = huge_pages_on_request();
  }

  /// Runs traces from `seed` on; stops at the first that differs.
  void compare(std::uint64_t seed, std::uint32_t traces, std::uint32_t check_every) {
    const auto start = Clock::now();
    std::uint64_t ops = 0;
    for (std::uint32_t i = 0; i < traces; ++i) {
      const Trace truth = parties_.truth_of(generate(seed + i, limits_));
      ops += truth.steps.size();
      const std::string what = parties_.difference(truth, check_every);
      if (what.empty()) continue;
      FAIL() << "seed " << seed + i << " (repeat with --seed " << seed + i
             << " --traces 1): " << what << '\n'
             << reduced(truth, check_every);
    }
    const std::chrono::duration<double> took = Clock::now() - start;
    std::cout << traces << " traces, " << ops << " operations, seeds from " << seed << ": "
              << took.count() << " s\n";
  }

 private:
  /// The smallest trace found that still tells the libraries apart, as a vector to be kept.
  [[nodiscard]] std::string reduced(const Trace& trace, std::uint32_t check_every) {
    const auto differs = [this, check_every](const Trace& candidate) {
      try {
        return !parties_.difference(parties_.truth_of(candidate), check_every).empty();
      } catch (const std::exception&) {  // the real library cannot run it
        return false;
      }
    };
    const Trace small =
        parties_.truth_of(shrink(trace, differs, std::chrono::seconds{options().shrink_seconds}));
    std::ostringstream text;
    text << parties_.difference(small, check_every) << "\nThe smallest trace that shows it:\n";
    write_trace(text, small);
    return text.str();
  }

  GeneratorLimits limits_;
  LiveParties parties_;
};

TEST_F(MallocLiveTest, OursGivesTheAddressesAndSystemCallsOfTheInstalledGlibc) {
  const auto [seed, traces, ops, seconds] = options();
  if (seed) return compare(*seed, traces, kCheckEvery);
  compare(kFixedSeed, traces - traces / 2, kCheckEvery);
  if (HasFatalFailure()) return;
  compare(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()),
          traces / 2, kCheckEvery);
}

TEST_F(MallocLiveTest, TheHeapIsWholeAfterEveryOperation) {
  compare(options().seed.value_or(1), std::min<std::uint32_t>(options().traces, 30), 1);
}

}  // namespace
}  // namespace truth

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  CLI::App app{"Random traces on the installed glibc and on ours"};
  auto& options = truth::options();
  app.add_option("--seed", options.seed, "Run the traces from this seed on");
  app.add_option("--traces", options.traces, "How many traces");
  app.add_option("--ops", options.ops, "How many operations each");
  app.add_option("--shrink-seconds", options.shrink_seconds, "How long to reduce a failing trace");
  CLI11_PARSE(app, argc, argv);
  return RUN_ALL_TESTS();
}
