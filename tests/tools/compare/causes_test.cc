// Causes of real faults, as faultline compare tells them.
#include <unistd.h>

#include <map>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

using Counts = std::map<std::string, int>;

class CausesTest : public PayerTest {
 protected:
  /// What a run with pages has more than one without, by cause; a few of the process's own less.
  [[nodiscard]] Counts causes(const std::string& what) const {
    const json some = typical_run(what, kPages);
    const json none = typical_run(what, 0);
    Counts counts;
    for (const auto& [cause, count] : some["by_cause"].items()) {
      const int more = count.get<int>() - none["by_cause"].value(cause, 0);
      if (more > kPages / 20) counts[cause] = more;
    }
    return counts;
  }

  [[nodiscard]] json typical_run(const std::string& what, int pages,
                                 const std::string& runs = "--no-warm-up --runs 1") const {
    const json found =
        run_json(runs + " --allocators glibc -- " CAUSES " " + what + " " + std::to_string(pages));
    const json run = found["allocators"][0]["typical_run"];
    EXPECT_EQ(found["allocators"][0]["status"], "ok") << what;
    EXPECT_EQ(sum(run["by_cause"]), sum(run["by_payer"])) << what;
    return run;
  }

  static void expect(const Counts& counts, const Counts& wanted, const std::string& what) {
    for (const auto& [cause, pages] : wanted) {
      const auto found = counts.find(cause);
      ASSERT_NE(found, counts.end()) << what << ": no " << cause;
      EXPECT_NEAR(found->second, pages, 15) << what << ": " << cause;
    }
    for (const auto& [cause, pages] : counts) {
      EXPECT_TRUE(wanted.contains(cause)) << what << ": " << pages << " " << cause;
    }
  }
};

TEST_F(CausesTest, EachFaultHasTheCauseItWasMadeFor) {
  constexpr int n = kPages;
  const std::map<std::string, Counts> all = {
      {"zero", {{"zero_read", n}, {"zero_upgrade", n}}},
      {"forked", {{"first_write", n}, {"cow_copy", n}, {"cow_reuse", n}}},
      {"grandchild", {{"first_write", n}, {"cow_copy", 2 * n}}},
      {"dropped", {{"first_write", 2 * n}}},
      {"unmapped", {{"first_write", 2 * n}}},
      {"moved", {{"first_write", 2 * n}, {"cow_copy", n}}},
      {"private", {{"file_cow", n}}},
      {"anonymous", {{"shmem_new", n}}},
      {"copied", {{"zero_read", n}, {"first_write", n}}},
      {"borrowed", {{"first_write", n}}}};
  for (const auto& [what, wanted] : all) expect(causes(what), wanted, what);
}

TEST_F(CausesTest, PagesTheKernelWroteAreCopiedAfterAFork) {
  for (const char* what : {"filled", "populated"}) {
    Counts counts = causes(what);
    counts.erase("kernel");  // read(2)'s and mmap's own
    expect(counts, {{"cow_copy", kPages}}, what);
  }
}

TEST_F(CausesTest, MemoryThatMovedIsKnownWhereItLies) {
  for (const char* what : {"moved", "grown"}) {
    const json run = typical_run(what, kPages);
    EXPECT_EQ(run["by_region"]["unknown"], 0) << what;
    EXPECT_EQ(run["by_cause"].value("unknown", 0), 0) << what;
    EXPECT_GE(run["by_region"]["anonymous"], kPages) << what;
  }
}

TEST_F(CausesTest, TheForkBillSaysWhoCopied) {
  const json child = typical_run("forked", kPages)["fork_bill"];
  EXPECT_EQ(child["forks"], 1);
  EXPECT_NEAR(child["copied_in_children"].get<int>(), kPages, 15);
  EXPECT_LE(child["copied_in_parents"], 15);
  EXPECT_EQ(typical_run("zero", kPages)["fork_bill"]["forks"], 0);
}

TEST_F(CausesTest, AnAllocatorThatWritesToSharedPagesIsBilled) {
  const json some = typical("glibc", "inherit", kPages)["fork_bill"];
  const json none = typical("glibc", "inherit", 0)["fork_bill"];
  const int more = some["copied_by_malloc"].get<int>() - none["copied_by_malloc"].get<int>();
  // Each free writes links into its own page, and the next chunk's size word on the page after.
  EXPECT_NEAR(more, 2 * kPages, 30);
}

TEST_F(CausesTest, NothingUnexpectedHappensToAPlainProgram) {
  for (const char* what : {"zero", "forked", "dropped", "unmapped", "moved", "grown", "copied"}) {
    EXPECT_LE(typical_run(what, kPages)["unexpected"], 2) << what;
  }
}

TEST_F(CausesTest, WithoutAForkTheCausesAreTheSameAfterAWarmUp) {
  const json cold = typical_run("zero", kPages);
  const json warm = typical_run("zero", kPages, "--runs 1");
  for (const char* cause : {"zero_read", "zero_upgrade"}) {
    EXPECT_NEAR(cold["by_cause"][cause].get<int>(), warm["by_cause"][cause].get<int>(), 5) << cause;
  }
}

}  // namespace
}  // namespace tools::compare
