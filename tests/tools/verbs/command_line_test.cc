// The command line from outside: what it prints, where, and with which exit status.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "pagesim/machines.h"
#include "tests/tools/verbs/command_line.h"

namespace {

using tools::verbs::testing::CommandLineTest;
using tools::verbs::testing::Result;
using tools::verbs::testing::text_of;

TEST_F(CommandLineTest, BadInputIsRefusedInOneSentence) {
  write("unknown.fl", "p = malloc 10\nwrite q\n");
  write("freed.fl", "p = malloc 10\nfree p\nwrite p\n");
  write("huge.fl", "p = malloc 9223372036854775808\n");
  write("verb.fl", "p = mallok 10\n");
  expect_refused("", "subcommand is required");
  expect_refused("nonsense", "");
  expect_refused("verify", "files is required");
  expect_refused("verify missing.fl", "missing.fl");
  expect_refused("verify unknown.fl", "unknown.fl:2:7");
  expect_refused("replay freed.fl", "freed.fl:3:7: the name \"p\" was freed in line 2");
  expect_refused("replay huge.fl", "huge.fl:1:12");
  expect_refused("replay verb.fl", "verb.fl:1:5");
  expect_refused("replay --machine vax " SCRIPTS "/calloc.fl", "vax");
  expect_refused("replay --set nonsense=1 " SCRIPTS "/calloc.fl", "no such knob");
  expect_refused("replay --set tlb_sets=3 " SCRIPTS "/calloc.fl", "power of two");
  expect_refused("replay --on kernel --allocator nosuch " SCRIPTS "/calloc.fl", "nosuch");
  expect_refused("replay --allocator jemalloc " SCRIPTS "/calloc.fl", "--on kernel");
  expect_refused("replay -o /nowhere/at/all " SCRIPTS "/calloc.fl", "/nowhere/at/all");
  expect_refused("record -o t -- /no/such/program", "/no/such/program");
}

TEST_F(CommandLineTest, OneWrongFileOfSeveralLosesNothing) {
  write("wrong.fl", "write q\n");
  write("results", "precious");
  expect_refused("verify -o results " SCRIPTS "/calloc.fl wrong.fl", "wrong.fl:1:7");
  EXPECT_EQ(text_of(file("results")), "precious");
}

TEST_F(CommandLineTest, RecordDoesNotWriteOverAFile) {
  write("trace", "precious");
  expect_refused("record -o trace -- /bin/true", "--force");
  EXPECT_EQ(text_of(file("trace")), "precious");
}

TEST_F(CommandLineTest, TornTraceIsRefusedUnlessAccepted) {
  ASSERT_EQ(run("record -q -o whole -- /bin/sh -c 'for i in 1 2 3; do x=$x$i; done'").status, 0);
  const std::string whole = text_of(file("whole"));
  write("torn", whole.substr(0, whole.size() - 7));
  expect_refused("replay torn", "--accept-torn");
  EXPECT_EQ(run("replay --accept-torn torn").status, 0);
}

TEST_F(CommandLineTest, RecordPassesTheProgramsStatusOn) {
  EXPECT_EQ(run("record -q -o t -- /bin/sh -c 'exit 7'").status, 7);
}

TEST_F(CommandLineTest, VerifyNamesTheAllocatorOfTheRealRun) {
  write("one.fl", "p = malloc 1024\n");
  const Result result = run("verify --format json --allocator glibc one.fl");
  EXPECT_EQ(nlohmann::json::parse(result.out)["allocator"], "glibc");
}

TEST_F(CommandLineTest, ReplayPrintsEveryFaultAsJson) {
  write("two.fl", "A = mmap 2p anon private rw\nread A\nwrite A\n");
  const Result result = run("replay --format json two.fl");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["totals"]["minor"], 2);
  EXPECT_EQ(json["totals"]["by_cause"], nlohmann::json({{"zero_read", 1}, {"zero_upgrade", 1}}));
  EXPECT_EQ(json["ops"][2]["faults"][0]["place"], "A");
  EXPECT_EQ(json["ops"][2]["faults"][0]["error_code"], 7);
}

TEST_F(CommandLineTest, EachMachineRunsWithItsOwnPages) {
  write("pages.fl", "A = mmap 2p anon private rw\nwrite A[..]\n");
  for (const char* machine :
       {"x86-64", "x86-64-5level", "i386", "i386-pae", "arm64-4k", "arm64-16k", "arm64-64k"}) {
    const Result result =
        run(std::string{"replay --format json --machine "} + machine + " pages.fl");
    ASSERT_EQ(result.status, 0) << result.err;
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["machine"], machine);
    EXPECT_EQ(json["totals"]["minor"], 2);
  }
}

TEST_F(CommandLineTest, Arm64FaultsHaveASyndromeWhereX86HasAnErrorCode) {
  write("arm.fl", "A = mmap 2p anon private rw\nread A\nwrite A\nwrite @0x1000\n");
  const Result result = run("replay --format json --machine arm64-4k arm.fl");
  const auto json = nlohmann::json::parse(result.out);
  const auto& fault = json["ops"][2]["faults"][0];
  EXPECT_EQ(fault["error_code"], nullptr);
  EXPECT_EQ(fault["esr"], "0x9200004f");
  EXPECT_EQ(fault["far"], fault["address"]);
  EXPECT_EQ(fault["vector"], "0x400");
  EXPECT_EQ(json["ops"][3]["signal"]["error_code"], nullptr);
  EXPECT_EQ(json["ops"][3]["signal"]["far"], "0x1000");
}

TEST_F(CommandLineTest, KnobsDecideWhatAnArm64ProcessorNotesByItself) {
  write("free.fl", "A = mmap 1p anon private rw\nwrite A\nmadvise A FREE\nwrite A\n");
  const auto minor = [this](const char* settings) {
    const Result result =
        run(std::string{"replay --format json --machine arm64-4k "} + settings + " free.fl");
    return nlohmann::json::parse(result.out)["totals"]["minor"];
  };
  EXPECT_EQ(minor(""), 1);
  EXPECT_EQ(minor("--set hardware_dirty=off"), 2);
}

TEST_F(CommandLineTest, ProtectionKeysDecideWhatCanBeReadThatCanOnlyBeExecuted) {
  write("x.fl", "A = mmap 1p anon private x\nread A\n");
  EXPECT_NE(run("replay --set pkeys=on x.fl").out.find("SIGSEGV PKUERR"), std::string::npos);
  EXPECT_NE(run("replay --set pkeys=off x.fl").out.find("minor 1,"), std::string::npos);
  const std::string here = pagesim::running_protection_keys() ? "off" : "on";
  const Result other = run("verify --set pkeys=" + here + " x.fl");
  EXPECT_EQ(other.status, 3);
  EXPECT_NE(other.out.find("protection keys, this one has"), std::string::npos) << other.out;
}

TEST_F(CommandLineTest, WhatAMachineIsNotIsRefusedInOneSentence) {
  expect_refused("replay --machine sparc " SCRIPTS "/calloc.fl", "arm64-64k");
  expect_refused("replay --set address_bits=48 " SCRIPTS "/calloc.fl", "address_bits");
  expect_refused("replay --machine arm64-16k --set address_bits=39 " SCRIPTS "/calloc.fl",
                 "36, 47, 48, 52");
  expect_refused("replay --machine i386 --set pkeys=on " SCRIPTS "/calloc.fl", "pkeys");
  expect_refused("replay --machine i386 --set memory_mib=4097 " SCRIPTS "/calloc.fl", "4096");
}

TEST_F(CommandLineTest, AnotherMachineIsNotRunForReal) {
  write("real.fl", "A = mmap 1p anon private rw\nwrite A\n");
  const Result result = run("verify --machine arm64-64k real.fl");
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.out.find("the machine simulated is arm64-64k"), std::string::npos) << result.out;
  EXPECT_EQ(run("replay --machine i386 " SCRIPTS "/calloc.fl").status, 3);
}

TEST_F(CommandLineTest, EraTellsEachFaultsPath) {
  write("read.fl", "A = mmap 2p anon private rw\nread A\n");
  const Result old = run("replay --era 2.4 read.fl");
  EXPECT_NE(old.out.find("do_page_fault > find_vma > handle_mm_fault > handle_pte_fault > "
                         "do_anonymous_page"),
            std::string::npos)
      << old.out;
  const auto json = nlohmann::json::parse(run("replay --format json read.fl").out);
  EXPECT_EQ(json["ops"][1]["faults"][0]["path"][0], "do_user_addr_fault");
  expect_refused("replay --era 1.0 read.fl", "--era");
}

TEST_F(CommandLineTest, KernelVersionDecidesTheRules) {
  write("read.fl", "A = mmap 1p anon private rw\nread A\nwrite A\n");
  EXPECT_NE(run("replay --kernel linux-2.6.24 read.fl").out.find("minor 1,"), std::string::npos);
  EXPECT_NE(run("replay --kernel linux-6.1 read.fl").out.find("minor 2,"), std::string::npos);
  EXPECT_NE(run("replay --set zero_page=0 read.fl").out.find("minor 1,"), std::string::npos);
  expect_refused("replay --kernel linux-x read.fl", "linux-2.4");
  expect_refused("replay --set zero_page=2 read.fl", "expected 0 or 1");
  EXPECT_EQ(run("verify --kernel linux-2.4 read.fl").status, 3);
  EXPECT_NE(run("doctor --profiles").out.find("zero_page"), std::string::npos);
}

TEST_F(CommandLineTest, TimeThatIsNotKnownIsSaidNotZero) {
  write("two.fl", "A = mmap 2p anon private rw\nwrite A[..]\n");
  const auto time = nlohmann::json::parse(run("verify --format json two.fl").out)["fault_time"];
  EXPECT_EQ(time["predicted_ns"], nullptr);
  EXPECT_EQ(time["accesses"], nullptr);
  const std::string sentence = "not calibrated: run \"faultline doctor --calibrate\"";
  EXPECT_EQ(time["missing"], sentence);
  for (const char* verb : {"verify", "replay", "explain lesson/fault-steps #"}) {
    EXPECT_NE(run(std::string{verb} + " two.fl").out.find(sentence), std::string::npos) << verb;
  }
  std::filesystem::create_directory(file("faultline"));
  write("faultline/costs.json", "{]");
  const Result broken = run("replay two.fl");
  EXPECT_EQ(broken.status, 0) << broken.err;
  EXPECT_NE(broken.out.find("costs.json is no calibration"), std::string::npos) << broken.out;
}

TEST_F(CommandLineTest, CalibrationPredictsTheTimeOfEveryRun) {
  write("touch.fl", "A = mmap 512p anon private rw\nwrite A[..]\n");
  const Result calibrated = run("doctor --calibrate");
  ASSERT_EQ(calibrated.status, 0) << calibrated.err;
  EXPECT_NE(calibrated.out.find("first_touch"), std::string::npos) << calibrated.out;
  const auto saved = nlohmann::json::parse(text_of(file("faultline/costs.json")));
  const double touch = saved["kinds"]["first_touch"]["ns"];
  const auto json = nlohmann::json::parse(run("verify --format json touch.fl").out);
  EXPECT_NEAR(json["fault_time"]["predicted_ns"], 512 * touch, 1);
  EXPECT_GT(json["fault_time"]["accesses"]["measured_ns"], 0);
  EXPECT_NEAR(json["ops"][1]["fault_time"]["predicted_ns"], 512 * touch, 1);
  EXPECT_NE(run("explain lesson/fault-steps").out.find("restore and run again"), std::string::npos);
  const auto other = nlohmann::json::parse(run("replay --format json --machine i386 touch.fl").out);
  EXPECT_EQ(other["fault_time"]["predicted_ns"], nullptr) << "calibrated for another machine";
  expect_refused("doctor --calibrate --profiles", "--profiles");
}

TEST_F(CommandLineTest, VerifyLogsBothRuns) {
  write("read.fl", "A = mmap 2p anon private rw\nread A\n");
  const Result log = run("verify --format trace read.fl");
  EXPECT_NE(log.out.find(" on simulated; time: "), std::string::npos) << log.out;
  EXPECT_NE(log.out.find(" on this kernel; time: "), std::string::npos) << log.out;
  const auto trace = nlohmann::json::parse(run("verify --format chrome read.fl").out);
  EXPECT_EQ(trace["otherData"]["time"].size(), 2);
  expect_refused("verify --format chrome read.fl read.fl", "one file makes one trace");
}

TEST_F(CommandLineTest, FatalSignalIsAResult) {
  write("signal.fl", "read @0x8\nwrite @0x8\n");
  const Result result = run("replay signal.fl");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("SIGSEGV MAPERR"), std::string::npos) << result.out;
}

TEST_F(CommandLineTest, BrokenExpectationIsADifference) {
  write("wrong.fl", "A = mmap 2p anon private rw\nread A\nexpect minor 5\n");
  const Result result = run("verify wrong.fl");
  EXPECT_EQ(result.status, 1) << result.out << result.err;
  EXPECT_NE(result.out.find("expect minor 5"), std::string::npos) << result.out;
}

TEST_F(CommandLineTest, LessonsCanBeListedExplainedReplayedAndVerified) {
  const Result list = run("explain --list");
  EXPECT_EQ(list.status, 0) << list.err;
  EXPECT_NE(list.out.find("lesson/zero-page  "), std::string::npos) << list.out;
  const Result explained = run("explain lesson/zero-page");
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_NE(explained.out.find("A[0]  0x1 zero"), std::string::npos) << explained.out;
  EXPECT_EQ(run("replay lesson/zero-page").status, 0);
  expect_refused("explain lesson/none", "no such lesson");
  expect_refused("verify 'lesson/none*'", "no such lesson");
  expect_refused("explain", "--list");
  expect_refused("explain lesson/walk lesson/errors", "--html shows two");
  expect_refused("explain --tui lesson/walk -o file", "not with --format, -o");
  expect_refused("explain --tui lesson/walk --last", "--last excludes --tui");
  expect_refused("explain --html page lesson/walk lesson/errors lesson/flush", "side by side");
}

TEST_F(CommandLineTest, LessonThisKernelCannotShowCountsOnlyWhereNothingRan) {
  const Result alone = run("verify lesson/errors-arm64");
  EXPECT_EQ(alone.status, 3) << alone.out;
  EXPECT_NE(alone.out.find("not run for real: the machine simulated is arm64-4k"),
            std::string::npos);
  EXPECT_EQ(run("verify lesson/zero-page lesson/errors-arm64").status, 0);
  write("impossible.fl", "sysctl page_cluster 3\n");
  EXPECT_EQ(run("verify impossible.fl").status, 3);
  EXPECT_EQ(run("verify lesson/zero-page impossible.fl").status, 3);
}

TEST_F(CommandLineTest, AFileOfALessonsNameIsTheFile) {
  std::filesystem::create_directory(file("lesson"));
  write("lesson/zero-page", "A = mmap 1p anon private rw\nwrite A\n");
  EXPECT_NE(run("replay lesson/zero-page").out.find("minor 1, major 0"), std::string::npos);
}

TEST_F(CommandLineTest, ScriptsMayAskForViewsToo) {
  write("view.fl", "# title: Mine\n# view: frames A 1\nA = mmap 1p anon private rw\nread A\n");
  const Result result = run("explain view.fl");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("view.fl: Mine"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("0x1 zero"), std::string::npos) << result.out;
}

TEST_F(CommandLineTest, ResultsGoWholeToTheNamedFile) {
  ASSERT_EQ(run("replay -o results " SCRIPTS "/calloc.fl").status, 0);
  EXPECT_NE(text_of(file("results")).find("by cause"), std::string::npos);
}

TEST_F(CommandLineTest, ManPageAndHelpNameEveryVerb) {
  const std::string man = text_of(SCRIPTS "/../../tools/man/faultline.1");
  const std::string help = run("--help").out;
  for (const std::string verb :
       {"demo", "verify", "replay", "what-if", "explain", "record", "doctor"}) {
    EXPECT_NE(man.find(".B " + (verb == "what-if" ? "what\\-if" : verb)), std::string::npos)
        << verb;
    EXPECT_NE(help.find("  " + verb), std::string::npos) << verb;
  }
}

}  // namespace
