// The command line from outside, in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tools::verbs::testing {

struct Result {
  int status = -1;
  std::string out;
  std::string err;
};

inline std::string text_of(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A folder of its own for each test.
class CommandLineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "faultline-cli-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
    // A calibration of the user's own would show in what is printed.
    ASSERT_EQ(::setenv("XDG_CONFIG_HOME", path.c_str(), 1), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{file(name), std::ios::binary} << text;
    return file(name);
  }

  Result run(const std::string& arguments) const {
    const std::string command =
        "cd " + folder_ + " && " FAULTLINE_PROGRAM " " + arguments + " >out 2>err </dev/null";
    const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
    return {WIFEXITED(ended) ? WEXITSTATUS(ended) : -1, text_of(file("out")), text_of(file("err"))};
  }

  /// Status 2, nothing on standard output, and `sentence` in what was said.
  void expect_refused(const std::string& arguments, const std::string& sentence) const {
    const Result result = run(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_NE(result.err.find(sentence), std::string::npos) << arguments << ": " << result.err;
  }

 private:
  std::string folder_;
};

}  // namespace tools::verbs::testing
