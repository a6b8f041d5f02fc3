// Formats of other tools, read by those tools where they are installed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

/// 3,000 blocks of 1,040 bytes.
constexpr double kFaults = 3000 * 1040.0 / 4096;
const char* const kCompared =
    " --runs 2 --no-warm-up --allocators glibc,ptmalloc -- " CALLER " malloc 3000";

class ExportsTest : public PayerTest {
 protected:
  [[nodiscard]] std::string exported(const std::string& format) const {
    const Result result = run("--format " + format + kCompared);
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }
  /// The exit status of a command over an export in the file "out"; what it prints goes to "said".
  [[nodiscard]] int consume(const std::string& command) const {
    const int ended = std::system(  // NOLINT(cert-env33-c): our own words
        ("cd " + folder_ + " && { " + command + "; } >said 2>&1").c_str());
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  }
  [[nodiscard]] std::string said() const { return text_of(folder_ + "/said"); }
};

TEST_F(ExportsTest, FoldedStacksRunFromMainToTheFault) {
  std::istringstream lines{exported("folded")};
  double glibc = 0, ptmalloc = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.rfind(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    if (line.find(";main (caller.c:") == std::string::npos) continue;
    const std::size_t caller = line.find(";allocate (caller.c:");
    if (caller == std::string::npos) continue;
    EXPECT_LT(line.find(";main"), caller) << line;
    EXPECT_LT(caller, line.find("malloc", caller + 10)) << line;
    (line.starts_with("glibc;") ? glibc : ptmalloc) += std::stod(line.substr(blank));
  }
  EXPECT_NEAR(glibc, kFaults, 20);
  EXPECT_NEAR(ptmalloc, kFaults, 20);
}

TEST_F(ExportsTest, SpeedscopeFilesKeepToItsSchema) {
  const json file = json::parse(exported("speedscope"));
  ASSERT_EQ(file["profiles"].size(), 2u);
  for (const json& profile : file["profiles"]) {
    double allocate = 0;
    ASSERT_EQ(profile["samples"].size(), profile["weights"].size());
    for (std::size_t i = 0; i < profile["samples"].size(); ++i) {
      for (const std::size_t frame : profile["samples"][i]) {
        const std::string name = file["shared"]["frames"].at(frame)["name"];
        if (name.starts_with("allocate ")) allocate += profile["weights"][i].get<double>();
      }
    }
    EXPECT_NEAR(allocate, kFaults, 20);
  }
  if (consume("python3 -c 'import jsonschema'") != 0) GTEST_SKIP() << "no python3-jsonschema";
  EXPECT_EQ(
      consume("python3 -c 'import json, jsonschema; "
              "jsonschema.validate(json.load(open(\"out\")), json.load(open(\"" SPEEDSCOPE_SCHEMA
              "\")))'"),
      0)
      << said();
}

TEST_F(ExportsTest, ChromesTraceHasAnEventForEachFault) {
  const json trace = json::parse(exported("chrome"));
  double allocate = 0, last = 0;
  std::map<int, std::string> processes;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "M") {
      processes[event["pid"]] = event["args"]["name"];
      last = 0;
      continue;
    }
    EXPECT_TRUE(processes.contains(event["pid"])) << event;
    EXPECT_GE(event["ts"].get<double>(), last) << event;
    last = event["ts"];
    allocate += event["name"].get<std::string>().starts_with("allocate (caller.c:") ? 1 : 0;
  }
  EXPECT_EQ(processes.size(), 2u);
  EXPECT_NEAR(allocate, 2 * kFaults, 40);
}

TEST_F(ExportsTest, PprofFilesAreProtobufInGzip) {
  if (consume("protoc --version") != 0) GTEST_SKIP() << "no protobuf-compiler";
  ASSERT_FALSE(exported("pprof").empty());
  ASSERT_EQ(consume("gzip -dc out | protoc --decode=perftools.profiles.Profile -I " PROTO_FOLDER
                    " profile.proto"),
            0)
      << said();
  const std::string text = said();
  std::istringstream lines{text};
  double all = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find("value: ");
    if (at != std::string::npos) all += std::stod(line.substr(at + 7));
  }
  EXPECT_NE(text.find("string_table: \"allocate\""), std::string::npos) << text;
  EXPECT_NE(text.find("string_table: \"ptmalloc\""), std::string::npos) << text;
  EXPECT_NEAR(all, 2 * (kFaults + 50), 120);
}

TEST_F(ExportsTest, GoogleBenchmarksComparerReadsItsJson) {
  const json file = json::parse(exported("gbench"));
  ASSERT_EQ(file["benchmarks"].size(), 4u) << "two runs of each";
  for (const json& run : file["benchmarks"]) {
    EXPECT_NEAR(run["minor"], kFaults + 60, 60);
    EXPECT_GT(run["real_time"], 0);
  }
  const std::string script = "/usr/share/benchmark/compare.py";
  if (consume("/usr/bin/python3 -c 'import numpy, scipy'") != 0 ||
      consume("test -e " + script) != 0) {
    GTEST_SKIP() << "no libbenchmark-tools, python3-numpy and python3-scipy";
  }
  EXPECT_EQ(consume("/usr/bin/python3 " + script + " --no-utest filters out glibc ptmalloc"), 0)
      << said();
  EXPECT_NE(said().find("compare_caller/[glibc vs. ptmalloc]"), std::string::npos) << said();
}

}  // namespace
}  // namespace tools::compare
