#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <numeric>
#include <set>

#include "tests/tools/trace/scratch.h"
#include "tools/trace/preloadable.h"
#include "tools/trace/recorder.h"
#include "tools/trace/trace_reader.h"

namespace tools::trace {
namespace {

using script::Verb;
using testing::Scratch;

std::vector<Event> events_of(const TraceReader& reader, std::uint32_t process) {
  std::vector<Event> events;
  EventCursor cursor{reader, process};
  while (const Event* event = cursor.next()) events.push_back(*event);
  return events;
}

/// A recording of the patient, a program with a mode for each way to make a recorder's life hard.
class Recording {
 public:
  explicit Recording(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), PATIENT);
    run(std::move(arguments));
  }
  Recording(std::string program, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), std::move(program));
    run(std::move(arguments));
  }

  const RecordStats& stats() const { return stats_; }
  const TraceReader& reader() const { return *reader_; }
  std::vector<Event> events(std::uint32_t process) const { return events_of(*reader_, process); }

  /// Events of a size only the patient asks for.
  std::size_t count(std::uint32_t process, Verb verb, std::uint64_t n) const {
    const auto all = events(process);
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const Event& e) { return e.verb == verb && e.n == n; }));
  }

 private:
  void run(std::vector<std::string> command) {
    stats_ = record(
        {.output = scratch_.path("t"), .command = std::move(command), .library = RECORD_LIBRARY});
    reader_.emplace(scratch_.path("t"));
  }

  Scratch scratch_;
  RecordStats stats_;
  std::optional<TraceReader> reader_;
};

/// Every free is of a live block, every block is handed out once: what a replay needs.
void expect_replayable(const TraceReader& reader, std::uint32_t process) {
  const ProcessInfo& info = reader.processes()[process];
  std::set<BlockNumber> live;
  BlockNumber next = info.first_block;
  for (const Event& event : events_of(reader, process)) {
    const BlockNumber gone = event.verb == Verb::Free ? event.block : event.old_block;
    const bool kept = event.verb == Verb::Realloc && event.block == kNoBlock && event.n != 0;
    if (gone != kNoBlock && gone >= info.first_block && !kept) {
      ASSERT_EQ(live.erase(gone), 1u) << "block " << gone;
    }
    if (!allocates(event.verb) || event.block == kNoBlock) continue;
    ASSERT_EQ(event.block, next++);
    live.insert(event.block);
  }
}

TEST(RecordTest, EveryCallIsThereWithItsArguments) {
  const Recording recording{{"verbs"}};
  EXPECT_EQ(recording.stats().status, 0);
  std::map<Verb, std::vector<Event>> found;
  for (const Event& event : recording.events(0)) {
    if (event.n / 1000 == 777) found[event.verb].push_back(event);
  }
  const auto expect = [&](Verb verb, std::uint64_t n, std::uint64_t m) {
    ASSERT_EQ(found[verb].size(), 1u) << static_cast<int>(verb);
    EXPECT_EQ(found[verb][0].n, n);
    EXPECT_EQ(found[verb][0].m, m);
  };
  expect(Verb::Malloc, 777'001, 0);
  expect(Verb::Calloc, 777'002, 3);
  expect(Verb::Memalign, 777'004, 64);
  expect(Verb::AlignedAlloc, 777'024, 32);
  expect(Verb::PosixMemalign, 777'006, 4096);
  expect(Verb::Valloc, 777'007, 0);
  expect(Verb::Pvalloc, 777'008, 0);
  expect(Verb::MallocTrim, 777'009, 0);
  expect(Verb::Mallopt, 777'010, static_cast<std::uint64_t>(-3));
  ASSERT_EQ(found[Verb::Realloc].size(), 2u);  // realloc, reallocarray
  EXPECT_EQ(found[Verb::Realloc][0].old_block, found[Verb::Malloc][0].block);
  EXPECT_EQ(found[Verb::Realloc][1].n, 777'100u);
  expect_replayable(recording.reader(), 0);
}

TEST(RecordTest, FailedCallsAreFailedInTheTrace) {
  const Recording recording{{"failures"}};
  const auto events = recording.events(0);
  const auto failed = [&](Verb verb, std::uint64_t n) {
    return std::count_if(events.begin(), events.end(), [&](const Event& e) {
      return e.verb == verb && e.n == n && e.block == kNoBlock;
    });
  };
  EXPECT_EQ(failed(Verb::Malloc, 1ull << 62), 1);
  EXPECT_EQ(failed(Verb::Realloc, 1ull << 62), 1);
  expect_replayable(recording.reader(), 0);
}

TEST(RecordTest, TheProgramsOwnStatusIsPassedOn) {
  EXPECT_EQ(Recording({"exit", "41"}).stats().status, 41);
  EXPECT_EQ(Recording({"underscore-exit", "42"}).stats().status, 42);
  EXPECT_EQ(Recording({"kill-self"}).stats().status, 128 + SIGKILL);
  EXPECT_EQ(Recording({"crash"}).stats().status, 128 + SIGSEGV);
}

TEST(RecordTest, AKilledProgramLeavesEveryCallItMade) {
  for (const char* mode : {"kill-self", "crash", "underscore-exit"}) {
    const Recording recording{{mode, "0"}};
    EXPECT_EQ(recording.count(0, Verb::Malloc, 777), 10'000u) << mode;
    EXPECT_FALSE(recording.reader().torn()) << mode;
  }
}

TEST(RecordTest, AForkedChildHasItsOwnEventsAndItsParentsBlocks) {
  const Recording recording{{"fork"}};
  const auto& processes = recording.reader().processes();
  ASSERT_EQ(processes.size(), 2u);
  EXPECT_EQ(processes[0].forked_from, -1);
  EXPECT_EQ(processes[1].forked_from, 0);
  EXPECT_NE(processes[0].pid, processes[1].pid);
  EXPECT_EQ(recording.count(0, Verb::Malloc, 7771), 100u);  // before the fork
  EXPECT_EQ(recording.count(0, Verb::Malloc, 7772), 50u);   // after it, in the parent
  EXPECT_EQ(recording.count(1, Verb::Malloc, 7773), 70u);   // after it, in the child
  EXPECT_EQ(recording.count(1, Verb::Malloc, 7771), 0u);
  std::size_t inherited = 0;
  for (const Event& event : recording.events(1)) {
    inherited += event.verb == Verb::Free && event.block < processes[1].first_block ? 1 : 0;
  }
  EXPECT_GE(inherited, 100u);
  const auto parent = recording.events(0);
  ASSERT_LE(processes[1].fork_event, parent.size());
  EXPECT_EQ(parent[processes[1].fork_event - 1].verb, Verb::Fork);
  expect_replayable(recording.reader(), 0);
  expect_replayable(recording.reader(), 1);
}

TEST(RecordTest, AForkThatNoHandlerSeesIsToldApartToo) {
  const Recording recording{{"raw-fork"}};
  ASSERT_EQ(recording.reader().processes().size(), 2u);
  EXPECT_EQ(recording.reader().processes()[1].forked_from, 0);
  EXPECT_EQ(recording.count(0, Verb::Malloc, 7772), 50u);
  EXPECT_EQ(recording.count(1, Verb::Malloc, 7773), 70u);
}

TEST(RecordTest, ThreadsThatPassBlocksOnGiveBackOnlyWhatWasHandedOut) {
  const Recording recording{{"threads"}};
  EXPECT_EQ(recording.stats().losses.unmatched_frees, 0u);
  EXPECT_EQ(recording.stats().losses.inferred_frees, 0u);
  std::set<std::uint32_t> threads;
  std::size_t blocks = 0;
  std::size_t passed = 0;
  std::map<BlockNumber, std::uint32_t> owner;
  for (const Event& event : recording.events(0)) {
    threads.insert(event.thread);
    if (event.verb == Verb::Malloc) owner[event.block] = event.thread;
    if (event.verb == Verb::Malloc && event.n >= 7000 && event.n < 7100) ++blocks;
    if (event.verb == Verb::Free && owner.contains(event.block)) {
      passed += owner[event.block] != event.thread ? 1 : 0;
    }
  }
  EXPECT_EQ(threads.size(), 9u);
  EXPECT_EQ(blocks, 8u * 20'000u);
  EXPECT_GT(passed, 1000u);
  expect_replayable(recording.reader(), 0);
}

TEST(RecordTest, ManyShortThreadsUseTheSameRings) {
  const Recording recording{{"short-threads"}};
  EXPECT_EQ(recording.stats().losses.threads, 0u);
  EXPECT_EQ(recording.count(0, Verb::Malloc, 7774), 3000u);
  EXPECT_EQ(recording.stats().losses.unmatched_frees, 0u);
}

TEST(RecordTest, AnExecutedProgramIsAnotherImageOfTheProcess) {
  const Recording recording{{"exec"}};
  const auto& processes = recording.reader().processes();
  ASSERT_EQ(processes.size(), 2u);
  EXPECT_EQ(processes[0].pid, processes[1].pid);
  EXPECT_EQ(processes[1].executed_from, 0);
  EXPECT_EQ(recording.count(1, Verb::Malloc, 777), 10'000u);
  EXPECT_EQ(recording.stats().status, 5);
}

TEST(RecordTest, ADaemonIsRecordedToItsEnd) {
  const Recording recording{{"daemon"}};
  EXPECT_EQ(recording.stats().status, 0);
  std::size_t calls = 0;
  for (std::uint32_t p = 0; p < recording.reader().processes().size(); ++p) {
    calls += recording.count(p, Verb::Malloc, 7775);
  }
  EXPECT_EQ(calls, 60u);
}

TEST(RecordTest, NothingAProgramDoesToItselfStopsTheRecording) {
  for (const char* mode : {"close-all", "chdir", "setrlimit", "clear-environment"}) {
    const Recording recording{{mode}};
    EXPECT_EQ(recording.stats().status, 0) << mode;
    EXPECT_EQ(recording.count(0, Verb::Malloc, 777), 10'000u) << mode;
    const std::size_t children = recording.reader().processes().size() - 1;
    EXPECT_EQ(children, std::string{mode} == "chdir" ? 0u : 1u) << mode;
    const std::size_t calls = children == 0 ? 20 : recording.count(1, Verb::Malloc, 7776);
    EXPECT_EQ(calls, 20u) << mode;
  }
}

TEST(RecordTest, ALibraryPreloadedBehindItIsPassedTheCalls) {
  const std::string jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";
  if (access(jemalloc.c_str(), R_OK) != 0) GTEST_SKIP() << jemalloc << " is not installed";
  setenv("LD_PRELOAD", jemalloc.c_str(), 1);
  const Recording recording{{"threads"}};
  unsetenv("LD_PRELOAD");
  EXPECT_EQ(recording.stats().status, 0);
  EXPECT_EQ(recording.stats().losses.inferred_frees, 0u);
  expect_replayable(recording.reader(), 0);
}

std::string sentence_of(const RecordOptions& options) {
  try {
    (void)record(options);
  } catch (const TraceError& error) {
    return error.what();
  }
  return {};
}

TEST(RecordTest, WhatCannotBeRecordedIsSaidInOneSentenceAndLeavesNoFile) {
  const Scratch scratch;
  const auto options = [&](std::string program) {
    return RecordOptions{
        .output = scratch.path("t"), .command = {std::move(program)}, .library = RECORD_LIBRARY};
  };
  EXPECT_EQ(sentence_of(options("no-such-program")), "there is no program no-such-program in PATH");
  EXPECT_EQ(sentence_of(options("/no/such")), "there is no program /no/such");
  EXPECT_EQ(sentence_of(options("/")), "cannot run /: it is no executable file");
  EXPECT_NE(sentence_of(options(STATIC_PATIENT)).find("is statically linked"), std::string::npos);
  EXPECT_NE(access(scratch.path("t").c_str(), F_OK), 0);
}

TEST(RecordTest, AnOutputThatIsThereIsRefusedBeforeTheProgramRuns) {
  const Scratch scratch;
  testing::write_file(scratch.path("t"), "precious");
  const std::string sentence =
      sentence_of({.output = scratch.path("t"),
                   .command = {"/bin/sh", "-c", "touch " + scratch.path("ran")},
                   .library = RECORD_LIBRARY});
  EXPECT_EQ(sentence, scratch.path("t") + " is there already; --force replaces it");
  EXPECT_EQ(testing::read_file(scratch.path("t")), "precious");
  EXPECT_NE(access(scratch.path("ran").c_str(), F_OK), 0);
}

TEST(RecordTest, AProgramOutlivesItsRecorder) {
  const Scratch scratch;
  const pid_t recorder = fork();
  if (recorder == 0) {
    (void)sentence_of({.output = scratch.path("t"),
                       .command = {PATIENT, "long", scratch.path("done")},
                       .library = RECORD_LIBRARY});
    _exit(0);
  }
  while (access((scratch.path("done") + ".started").c_str(), F_OK) != 0) usleep(1000);
  usleep(1'500'000);  // past the moment when a recorder writes out what it has
  kill(recorder, SIGKILL);
  waitpid(recorder, nullptr, 0);
  for (int i = 0; i < 3000 && access(scratch.path("done").c_str(), F_OK) != 0; ++i) usleep(10'000);
  EXPECT_EQ(access(scratch.path("done").c_str(), F_OK), 0);
  const TraceReader reader{scratch.path("t")};
  EXPECT_TRUE(reader.torn());
  EXPECT_GT(reader.events(), 1000u);
}

struct RealProgram {
  const char* name;
  std::vector<std::string> command;
};

class RealProgramTest : public ::testing::TestWithParam<RealProgram> {};

TEST_P(RealProgramTest, IsRecordedInFourBytesAnEventAndCanBeReplayed) {
  const RealProgram& program = GetParam();
  try {
    (void)find_program(program.command.front());
  } catch (const TraceError& error) {
    GTEST_SKIP() << error.what();
  }
  const Recording recording{program.command.front(),
                            {program.command.begin() + 1, program.command.end()}};
  EXPECT_EQ(recording.stats().status, 0);
  EXPECT_EQ(recording.stats().losses.unmatched_frees, 0u);
  EXPECT_EQ(recording.stats().losses.inferred_frees, 0u);
  EXPECT_FALSE(recording.reader().torn());
  EXPECT_GT(recording.stats().events, 1000u);
  EXPECT_LE(recording.stats().bytes_per_event(), 4.0);
  for (std::uint32_t p = 0; p < recording.reader().processes().size(); ++p) {
    expect_replayable(recording.reader(), p);
  }
}

const RealProgram kPrograms[] = {
    {"python3",
     {"python3", "-c", "import json; json.dumps([{str(i): [i] * 9} for i in range(20000)])"}},
    {"gcc", {"gcc", "-O1", "-c", "-o", "/dev/null", COMPILED_SOURCE}},
    {"sqlite3",
     {"sqlite3", ":memory:",
      "create table t(a integer primary key, b text);"
      "with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000) "
      "insert into t select x, hex(x) from c; select count(*) from t;"}}};

INSTANTIATE_TEST_SUITE_P(Programs, RealProgramTest, ::testing::ValuesIn(kPrograms),
                         [](const auto& program) { return std::string{program.param.name}; });

}  // namespace
}  // namespace tools::trace
