// The oracle reproduces the golden vectors: what the live comparison trusts is the real library.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "tests/truth/malloc_checker.h"
#include "tests/truth/oracle_client.h"
#include "tests/truth/vectors.h"

namespace truth {
namespace {

constexpr const char* kVersion = "2.36";

/// One oracle for each environment: a new process costs more than a trace.
Oracle& oracle_for(const Environment& environment) {
  static std::map<Environment, std::unique_ptr<Oracle>> oracles;
  auto& oracle = oracles[environment];
  if (!oracle) oracle = std::make_unique<Oracle>(environment);
  return *oracle;
}

TEST(MallocOracleTest, ReproducesEveryGoldenVector) {
  if (std::string(gnu_get_libc_version()) != kVersion) {
    GTEST_SKIP() << "the installed glibc is " << gnu_get_libc_version() << ", the vectors are of "
                 << kVersion;
  }
  if (const std::string reason = why_no_oracle(); !reason.empty()) GTEST_SKIP() << reason;
  const auto files = vector_files(vectors_of(kVersion));
  ASSERT_GE(files.size(), 307u) << "vectors are missing from " << vectors_of(kVersion);
  for (const auto& file : files) {
    const Trace trace = read_trace(file);
    try {
      check_answer(trace, oracle_for(trace.environment).run(trace));
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

}  // namespace
}  // namespace truth
