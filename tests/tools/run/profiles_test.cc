// Kernel versions: each rule with a script that costs something else before and after it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "pagesim/kernel/version.h"
#include "tools/run/compare_runs.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

using pagesim::kernel::KernelVersion;

/// What a script's last line must come to under a kernel.
struct Row {
  const char* rule;
  KernelVersion version;
  const char* script;
  const char* expected;
};

/// "1 cow_copy", "2+1 swap_in", "0 EINVAL", "0 SIGSEGV", "0 tables -4096": the last line's minor
/// and major faults, the first one's cause, and what else came of it.
std::string last_line(const script::Program& program, const RunOutcome& outcome) {
  const OpOutcome& op = outcome.ops.back();
  std::string text = std::to_string(op.minor);
  if (op.major != 0) text += fmt::format("+{}", op.major);
  if (op.fault_count != 0 && op.minor + op.major != 0)
    text += fmt::format(" {}", to_string(outcome.faults[op.first_fault].cause));
  if (op.error != 0) text += fmt::format(" {}", strerrorname_np(op.error));
  if (const auto* signal = signal_of(outcome, program.ops.size() - 1))
    text += " " + signal_word(signal->number);
  if (!outcome.rss.empty() && outcome.rss.back().second.page_tables < 0)
    text += fmt::format(" tables {}", outcome.rss.back().second.page_tables);
  return text;
}

class ProfileTest : public testing::TestWithParam<Row> {};

TEST_P(ProfileTest, ScriptCostsWhatThatKernelTakes) {
  const Row& row = GetParam();
  const script::Program program = script::parse(row.script, "test.fl");
  SimSetup setup;
  setup.profile = pagesim::kernel::profile_of(row.version);
  setup.profile.swap = pagesim::kernel::SwapDevice::Disk;
  setup.config.walker.protection_keys = true;
  RunOptions options;
  options.with_rss = true;
  const RunOutcome outcome = SimRunner{setup}.run(program, options);
  EXPECT_EQ(last_line(program, outcome), row.expected) << to_string(row.version);
}

#define AREA(bytes) "A = mmap " bytes " anon private rw at @0x10000000000 fixed\n"

constexpr const char* kZeroPage = AREA("1p") "read A\nwrite A\n";
constexpr const char* kForkFile =
    "file F 4p\nA = mmap 4p F private r\nread A[..]\nfork c\nc: read A[..]\n";
constexpr const char* kThp = "sysctl thp_enabled always\n" AREA("4M") "write A[..]\n";
constexpr const char* kHugeZero = "sysctl thp_enabled always\n" AREA("4M") "read A\nwrite A\n";
constexpr const char* kAround =
    "file F 32p\nA = mmap 32p F private r at @0x10000000000 fixed\nread A[..]\n";
constexpr const char* kGap = "B = mmap 1p anon private rw at stack[-10] fixed\nwrite stack[-5]\n";
constexpr const char* kBelow = "write stack[-100]\n";
constexpr const char* kCharged = AREA("1p") "fork c\nvm_read c A 4096\n";
constexpr const char* kCacheReuse = AREA("1p") "write A\nmadvise A PAGEOUT\nread A\nwrite A\n";
constexpr const char* kUnshare = AREA("1p") "write A\nfork c\nvm_read c A 4096\n";
constexpr const char* kDirty = AREA("1p") "write A\nmprotect A r\nmprotect A rw\nwrite A\n";
constexpr const char* kClean =
    AREA("1p") "write A\nmadvise A FREE\nmprotect A r\nmprotect A rw\nwrite A\n";
constexpr const char* kMthp = "sysctl thp_64k always\n" AREA("16p") "write A[..]\n";
constexpr const char* kPlaced =
    "sysctl thp_enabled always\nB = mmap 1p anon private none\nA = mmap 2M anon private rw\n"
    "write A[..]\n";
constexpr const char* kSplitZero =
    "sysctl thp_enabled always\n" AREA("2M") "write A\nmadvise A PAGEOUT\nwrite A[1]\n";
constexpr const char* kTables = AREA("2M") "write A\nmadvise A DONTNEED\n";
constexpr const char* kFolioReuse =
    "sysctl thp_64k always\n" AREA("16p") "write A\nfork c\nexit c\nwrite A\n";
constexpr const char* kExecuteOnly = "A = mmap 1p anon private x at @0x10000000000 fixed\nread A\n";
constexpr const char* kHugeReadahead =
    "file F 8p\nevict F\nA = mmap 8p F private rw at @0x10000000000 fixed\n"
    "madvise A RANDOM\nmadvise A HUGEPAGE\nwrite A[3]\nread A\n";
constexpr const char* kOnfault = AREA("1p") "mlock A onfault\n";
constexpr const char* kDontunmap = AREA("2p") "B = mremap A 2p maymove dontunmap\n";

const Row kRows[] = {
    {"zero_page", {2, 6, 23}, kZeroPage, "1 zero_upgrade"},
    {"zero_page", {2, 6, 24}, kZeroPage, "0"},
    {"zero_page", {2, 6, 31}, kZeroPage, "0"},
    {"zero_page", {2, 6, 32}, kZeroPage, "1 zero_upgrade"},
    {"fork_skips_untouched_vmas", {2, 6, 13}, kForkFile, "0"},
    {"fork_skips_untouched_vmas", {2, 6, 14}, kForkFile, "4 file_map"},
    {"transparent_huge_pages", {2, 6, 37}, kThp, "1024 first_write"},
    {"transparent_huge_pages", {2, 6, 38}, kThp, "2 huge_first_write"},
    {"huge_zero_page", {3, 7}, kHugeZero, "0"},
    {"huge_zero_page", {3, 8}, kHugeZero, "1 zero_upgrade"},
    {"fault_around", {3, 14}, kAround, "32 file_map"},
    {"fault_around", {3, 15}, kAround, "2 file_map"},
    {"stack_guard_gap", {4, 11}, kGap, "1 stack_growth"},
    {"stack_guard_gap", {4, 12}, kGap, "0 SIGSEGV"},
    {"execute_only_pkeys", {4, 5}, kExecuteOnly, "1 zero_read"},
    {"execute_only_pkeys", {4, 6}, kExecuteOnly, "0 SIGSEGV"},
    {"stack_grows_anywhere", {4, 20}, kBelow, "0 SIGSEGV"},
    {"stack_grows_anywhere", {5, 0}, kBelow, "1 stack_growth"},
    {"gup_counts_current", {5, 8}, kCharged, "0"},
    {"gup_counts_current", {5, 9}, kCharged, "1 zero_read"},
    {"cow_copies_unless_sole", {5, 8}, kCacheReuse, "1 cow_reuse"},
    {"cow_copies_unless_sole", {5, 9}, kCacheReuse, "1 cow_copy"},
    {"huge_readahead", {5, 17}, kHugeReadahead, "0+1 file_read"},
    {"huge_readahead", {5, 18}, kHugeReadahead, "1 file_map"},
    {"anon_exclusive", {5, 18}, kCacheReuse, "1 cow_copy"},
    {"anon_exclusive", {5, 19}, kCacheReuse, "1 cow_reuse"},
    {"swap_in_maps_writable", {6, 1}, kCacheReuse, "1 cow_reuse"},
    {"swap_in_maps_writable", {6, 12}, kCacheReuse, "0"},
    {"gup_unshares", {5, 18}, kUnshare, "0"},
    {"gup_unshares", {5, 19}, kUnshare, "1 cow_copy"},
    {"mprotect_restores_write", {5, 19}, kDirty, "1 cow_reuse"},
    {"mprotect_restores_write", {6, 0}, kDirty, "0"},
    {"mprotect_restores_clean", {6, 1}, kClean, "1 cow_reuse"},
    {"mprotect_restores_clean", {6, 12}, kClean, "0"},
    {"thp_placement", {6, 6}, kPlaced, "512 first_write"},
    {"thp_placement", {6, 7}, kPlaced, "1 huge_first_write"},
    {"mthp", {6, 7}, kMthp, "16 first_write"},
    {"mthp", {6, 8}, kMthp, "1 first_write"},
    {"split_drops_zero_pages", {6, 11}, kSplitZero, "1 swap_cache"},
    {"split_drops_zero_pages", {6, 12}, kSplitZero, "1 zero_upgrade"},
    {"dontneed_frees_tables", {6, 13}, kTables, "0"},
    {"dontneed_frees_tables", {6, 14}, kTables, "0 tables -4096"},
    {"large_folio_reuse", {6, 14}, kFolioReuse, "1 cow_copy"},
    {"large_folio_reuse", {6, 15}, kFolioReuse, "1 cow_reuse"},
    {"MADV_DONTFORK", {2, 6, 15}, AREA("1p") "madvise A DONTFORK\n", "0 EINVAL"},
    {"MADV_DONTFORK", {2, 6, 16}, AREA("1p") "madvise A DONTFORK\n", "0"},
    {"MADV_HUGEPAGE", {2, 6, 37}, AREA("2M") "madvise A HUGEPAGE\n", "0 EINVAL"},
    {"MADV_HUGEPAGE", {2, 6, 38}, AREA("2M") "madvise A HUGEPAGE\n", "0"},
    {"process_vm_readv", {3, 1}, kUnshare, "0 ENOSYS"},
    {"process_vm_readv", {3, 2}, kUnshare, "0"},
    {"mlock2", {4, 3}, kOnfault, "0 ENOSYS"},
    {"mlock2", {4, 4}, kOnfault, "0"},
    {"MADV_FREE", {4, 4}, AREA("1p") "madvise A FREE\n", "0 EINVAL"},
    {"MADV_FREE", {4, 5}, AREA("1p") "madvise A FREE\n", "0"},
    {"MADV_WIPEONFORK", {4, 13}, AREA("1p") "madvise A WIPEONFORK\n", "0 EINVAL"},
    {"MADV_WIPEONFORK", {4, 14}, AREA("1p") "madvise A WIPEONFORK\n", "0"},
    {"MADV_COLD", {5, 3}, AREA("1p") "madvise A COLD\n", "0 EINVAL"},
    {"MADV_COLD", {5, 4}, AREA("1p") "madvise A COLD\n", "0"},
    {"MREMAP_DONTUNMAP", {5, 6}, kDontunmap, "0 EINVAL"},
    {"MREMAP_DONTUNMAP", {5, 7}, kDontunmap, "0"},
    {"MADV_POPULATE_WRITE", {5, 13}, AREA("2p") "madvise A POPULATE_WRITE\n", "0 EINVAL"},
    {"MADV_POPULATE_WRITE", {5, 14}, AREA("2p") "madvise A POPULATE_WRITE\n", "2 first_write"},
    {"MADV_COLLAPSE", {6, 0}, AREA("2M") "write A\nmadvise A COLLAPSE\n", "0 EINVAL"},
    {"MADV_COLLAPSE", {6, 1}, AREA("2M") "write A\nmadvise A COLLAPSE\n", "0"},
    {"MADV_GUARD_INSTALL", {6, 12}, AREA("1p") "madvise A GUARD_INSTALL\n", "0 EINVAL"},
    {"MADV_GUARD_INSTALL", {6, 13}, AREA("1p") "madvise A GUARD_INSTALL\n", "0"},
};

INSTANTIATE_TEST_SUITE_P(Rules, ProfileTest, testing::ValuesIn(kRows), [](const auto& row) {
  return fmt::format("{}_{}_{}_{}_{}", row.index, row.param.rule, row.param.version.version,
                     row.param.version.patchlevel, row.param.version.sublevel);
});

TEST(ProfileTableTest, EveryRuleHasAScriptBeforeAndAfterIt) {
  for (const auto& rule : pagesim::kernel::rules()) {
    bool on = false;
    bool off = false;
    for (const Row& row : kRows) {
      if (rule.name == row.rule) (rule.holds_in(row.version) ? on : off) = true;
    }
    EXPECT_TRUE(on && off) << rule.name;
  }
}

TEST(ProfileTableTest, NewestKernelHasEveryRule) {
  const auto newest = pagesim::kernel::profile_of({99, 0});
  for (const auto& rule : pagesim::kernel::rules()) EXPECT_TRUE(newest.*rule.in_force) << rule.name;
  EXPECT_TRUE(pagesim::kernel::same_rules({6, 18}, {99, 0}));
  EXPECT_FALSE(pagesim::kernel::same_rules({6, 14}, {6, 15}));
}

TEST(ProfileTableTest, VersionsAreReadAsNamesAndAsReleases) {
  using pagesim::kernel::parse_version;
  EXPECT_EQ(parse_version("linux-2.4"), (KernelVersion{2, 4}));
  EXPECT_EQ(parse_version("linux-2.6.24"), (KernelVersion{2, 6, 24}));
  EXPECT_EQ(parse_version("6.18.44-amd64"), (KernelVersion{6, 18, 44}));
  EXPECT_EQ(parse_version("2.6.32.60"), (KernelVersion{2, 6, 32}));
  for (const char* wrong : {"", "linux", "linux-6", "linux-6.1x", "linux-6.1.", "linux-1.2", "6"})
    EXPECT_EQ(parse_version(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace tools::run
