// libptmalloc.so under a program that never heard of it gives the addresses, sizes, errors and
// system calls of the golden vectors.
//
// pthread_create allocates 16 bytes more for each library with thread-locals, and libptmalloc.so is
// one. Traces of threads are therefore answered anew by glibc under a preloaded library that has
// thread-locals and nothing else.
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "tests/truth/malloc_checker.h"
#include "tests/truth/oracle_client.h"
#include "tests/truth/vectors.h"

namespace truth {
namespace {

/// A program with `library` preloaded. One for each environment: a process costs more than a trace.
Oracle& preloaded(const char* library, Environment environment) {
  static std::map<Environment, std::unique_ptr<Oracle>> oracles;
  environment.emplace("LD_PRELOAD", library);
  auto& oracle = oracles[environment];
  if (!oracle) oracle = std::make_unique<Oracle>(environment);
  return *oracle;
}

Trace expected(const Trace& golden) {
  if (!golden.thread) return golden;
  return answered(golden, preloaded(TLS_BALLAST, golden.environment).run(golden));
}

void expect_every_vector(bool in_thread) {
  const auto files = vector_files(vectors_of("2.36"));
  std::size_t seen = 0;
  for (const auto& file : files) {
    const Trace trace = read_trace(file);
    if (trace.thread != in_thread) continue;
    ++seen;
    try {
      check_answer(expected(trace), preloaded(PTMALLOC_LIBRARY, trace.environment).run(trace));
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GE(seen, in_thread ? 50u : 250u) << "vectors are missing";
}

TEST(PreloadTruthTest, ReproducesEveryGoldenVector) { expect_every_vector(false); }
TEST(PreloadTruthTest, ReproducesEveryVectorOfASecondThread) { expect_every_vector(true); }

}  // namespace
}  // namespace truth
