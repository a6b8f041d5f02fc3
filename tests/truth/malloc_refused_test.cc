// The kernel refuses a system call, each one in turn: ours and the installed glibc fall back, fail,
// say the same errno and go on alike, and lose nothing that glibc does not lose.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "tests/truth/live_parties.h"
#include "tests/truth/malloc_generator.h"

namespace truth {
namespace {

constexpr const char* kVersion = "2.36";
/// Calls without an end: whatever comes after the first refused one is refused too.
constexpr std::uint64_t kAll = std::uint64_t{1} << 40;

std::uint64_t calls_in(const Trace& trace) {
  std::uint64_t calls = 0;
  for (const Step& step : trace.steps) calls += step.result.calls.size();
  return calls;
}

/// Frees every block, gives back what can be given back, and asks what is left.
void add_end(Trace& trace) {
  trace.steps.push_back({.op = {Verb::Refuse, 0, 0, 0}, .result = {}});  // no more of it
  for (std::uint32_t slot = 0; slot < trace.slots; ++slot) {
    trace.steps.push_back({.op = {Verb::Free, slot, 0, 0}, .result = {}});
  }
  for (const Verb verb : {Verb::Trim, Verb::Info, Verb::MappedInfo}) {
    trace.steps.push_back({.op = {verb, 0, 0, 0}, .result = {}});
  }
}

Trace refusing(const Trace& trace, std::uint64_t let, std::uint64_t refused) {
  Trace with = trace;
  with.steps.insert(with.steps.begin(), {.op = {Verb::Refuse, 0, let, refused}, .result = {}});
  return with;
}

class RefusedTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string(gnu_get_libc_version()) != kVersion) {
      GTEST_SKIP() << "the installed glibc is " << gnu_get_libc_version() << ", ours is as "
                   << kVersion;
    }
  }

  void refuse_each_call(std::uint64_t seed) {
    const GeneratorLimits limits{.ops = 80, .threads = true, .huge_pages = false};
    Trace question = generate(seed, limits);
    add_end(question);
    const std::uint64_t calls = calls_in(parties_.truth_of(question));
    for (std::uint64_t k = 0; k < calls && !HasFatalFailure(); ++k) {
      for (const std::uint64_t refused : {std::uint64_t{1}, std::uint64_t{2}, kAll}) {
        compare(refusing(question, k, refused), seed);
      }
    }
  }

  /// Of each kind, how many were refused.
  std::map<SystemCall::Kind, int> refused_;

 private:
  void compare(const Trace& question, std::uint64_t seed) {
    const Trace truth = parties_.truth_of(question);
    for (const Step& step : truth.steps) {
      for (const SystemCall& call : step.result.calls) {
        if (!call.succeeded()) ++refused_[call.kind];
      }
    }
    const std::string what = parties_.difference(truth, 1);
    if (what.empty()) return;
    std::ostringstream text;
    write_trace(text, truth);
    FAIL() << "seed " << seed << ", " << to_string(truth.steps.front().op) << ": " << what << '\n'
           << text.str();
  }

  LiveParties parties_;
};

TEST_F(RefusedTest, EverySystemCallRefusedInTurnGoesAsInGlibc) {
  constexpr std::uint64_t kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFatalFailure(); ++seed) {
    refuse_each_call(seed);
  }
  for (const auto kind :
       {SystemCall::Kind::Brk, SystemCall::Kind::Mmap, SystemCall::Kind::Munmap,
        SystemCall::Kind::Mremap, SystemCall::Kind::Madvise, SystemCall::Kind::Mprotect}) {
    EXPECT_GT(refused_[kind], 0) << "no such call was refused: " << static_cast<int>(kind);
    std::cout << refused_[kind] << ' ';
  }
  std::cout << "refused: brk mmap munmap mremap madvise mprotect\n";
}

}  // namespace
}  // namespace truth
