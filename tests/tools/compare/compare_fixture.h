// Runs of faultline compare from outside, in a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace tools::compare {

using nlohmann::json;

inline constexpr int kPages = 300;  ///< what the programs of causes.c are asked for

inline std::string text_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct Result {
  int status = -1;
  std::string out, err;
};

class CompareTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "compare-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// `by`: a command that runs it, as another user.
  [[nodiscard]] Result run(const std::string& arguments, const std::string& by = "") const {
    const std::string command = "cd " + folder_ + " && " + by + FAULTLINE_PROGRAM " compare " +
                                arguments + " >out 2>err </dev/null";
    const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
    return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, text_of(folder_ + "/out"),
            text_of(folder_ + "/err")};
  }
  [[nodiscard]] json run_json(const std::string& arguments, const std::string& by = "") const {
    return json::parse(run("--format json " + arguments, by).out);
  }
  [[nodiscard]] bool can_run(const std::string& by) const { return run("--help", by).status == 0; }

  std::string folder_;
};

/// The faults of one run more than of a run of the same that does nothing.
class PayerTest : public CompareTest {
 protected:
  void SetUp() override {
    CompareTest::SetUp();
    const json found = run_json("--allocators glibc --runs 1 --no-warm-up -- /bin/true");
    if (found["allocators"][0]["typical_run"]["by_cause"].is_null()) {
      GTEST_SKIP() << "this machine gives no perf events";
    }
  }

  [[nodiscard]] json typical(const std::string& allocator, const std::string& what, int n) const {
    const json found = run_json("--runs 1 --no-warm-up --allocators " + allocator +
                                " -- " PAYER " " + what + " " + std::to_string(n));
    return found["allocators"][0]["typical_run"];
  }
  /// By allocator: typical run of `n` less that of none.
  [[nodiscard]] double more(const std::string& allocator, const std::string& what, int n,
                            const char* table, const char* row) const {
    const json some = typical(allocator, what, n);
    EXPECT_EQ(some["lost"], 0);
    EXPECT_EQ(sum(some["by_payer"]), some["minor"].get<int>() + some["major"].get<int>());
    EXPECT_EQ(sum(some["by_region"]), sum(some["by_payer"]));
    return some[table][row].get<double>() - typical(allocator, what, 0)[table][row].get<double>();
  }

  static int sum(const json& table) {
    int all = 0;
    for (const json& row : table) all += row.get<int>();
    return all;
  }
};

}  // namespace tools::compare
