// Asking glibc, then holding ours against it.
#include "tests/truth/live_parties.h"

#include "tests/truth/malloc_checker.h"
#include "tests/truth/malloc_replay.h"

namespace truth {
namespace {

bool asks_for_huge_pages(const Trace& trace) {
  const auto tunables = trace.environment.find("GLIBC_TUNABLES");
  return tunables != trace.environment.end() &&
         tunables->second.find("hugetlb") != std::string::npos;
}

}  // namespace

Oracle& LiveParties::oracle(Party party, Environment environment) {
  const bool tuned = !environment.empty();
  if (party == Party::GlibcWithBallast) environment["LD_PRELOAD"] = TLS_BALLAST;
  if (party == Party::Preloaded) environment["LD_PRELOAD"] = PTMALLOC_LIBRARY;
  if (!tuned) {
    auto& plain = plain_[party];
    if (!plain) plain = std::make_unique<Oracle>(environment);
    return *plain;
  }
  auto& [now, oracle] = tuned_[party];
  if (!oracle || now != environment) {
    oracle = std::make_unique<Oracle>(environment);
    now = environment;
  }
  return *oracle;
}

/// Which pages a huge page brings in is the kernel's affair, and changes from run to run.
Trace LiveParties::truth_of(const Trace& question) {
  Trace trace = answered(
      question, oracle(Party::Glibc, question.environment).run(question, Mappings::ByTrace));
  if (asks_for_huge_pages(trace)) trace.resident.reset();
  return trace;
}

/// pthread_create allocates 16 bytes more for each library with thread-locals, and ours is one: for
/// a thread glibc is asked again, beside a library that has thread-locals and nothing else.
void LiveParties::check_preloaded(const Trace& truth) {
  Oracle& preloaded = oracle(Party::Preloaded, truth.environment);
  if (!truth.thread) return check_answer(truth, preloaded.run(truth, Mappings::ByTrace));
  Oracle& ballasted = oracle(Party::GlibcWithBallast, truth.environment);
  check_answer(answered(truth, ballasted.run(truth, Mappings::ByTrace)),
               preloaded.run(truth, Mappings::ByTrace));
}

std::string LiveParties::difference(const Trace& truth, std::uint32_t check_every) {
  try {
    replay(truth, check_every);
  } catch (const std::exception& error) {
    return std::string("simulated: ") + error.what();
  }
  try {
    check_preloaded(truth);
  } catch (const std::exception& error) {
    return std::string("preloaded: ") + error.what();
  }
  return {};
}

}  // namespace truth
