// The tables of rules and calls by version.
#include "pagesim/kernel/version.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "pagesim/uapi.h"

namespace pagesim::kernel {
namespace {

/// Between 6.1 and 6.12 the spec does not know when two of them came: they are taken as 6.12's.
constexpr std::array kRules = {
    Rule{"zero_page",
         {},
         &Profile::zero_page,
         "a read of untouched memory maps the shared zero page (not in 2.6.24 to 2.6.31)",
         {2, 6, 24},
         {2, 6, 32}},
    Rule{"fork_skips_untouched_vmas",
         {2, 6, 14},
         &Profile::fork_skips_untouched_vmas,
         "fork copies no entries of an area without private pages"},
    Rule{"transparent_huge_pages",
         {2, 6, 38},
         &Profile::transparent_huge_pages,
         "one fault may map a huge page"},
    Rule{"huge_zero_page",
         {3, 8},
         &Profile::huge_zero_page,
         "a read of an untouched block maps the huge zero page"},
    Rule{"fault_around",
         {3, 15},
         &Profile::fault_around,
         "a read fault maps the file's pages around it"},
    Rule{"execute_only_pkeys",
         {4, 6},
         &Profile::execute_only_pkeys,
         "where the processor has protection keys, PROT_EXEC alone gives no right to read"},
    Rule{"stack_grows_anywhere",
         {5, 0},
         &Profile::stack_grows_anywhere,
         "a stack grows to any address, however far below the stack pointer"},
    Rule{"gup_counts_current",
         {5, 9},
         &Profile::gup_counts_current,
         "faults in another process's memory count for who asked, not for its owner"},
    Rule{"cow_copies_unless_sole",
         {5, 9},
         &Profile::cow_copies_unless_sole,
         "a private page is reused only by its sole owner; the swap cache is another"},
    Rule{"huge_readahead",
         {5, 18},
         &Profile::huge_readahead,
         "a file's area advised HUGEPAGE is read ahead a huge page at a time"},
    Rule{"anon_exclusive",
         {5, 19},
         &Profile::anon_exclusive,
         "a page marked exclusive is reused without a look at who refers to it"},
    Rule{"gup_unshares",
         {5, 19},
         &Profile::gup_unshares,
         "a pinned read of a shared private page copies it"},
    Rule{"mprotect_restores_write",
         {6, 0},
         &Profile::mprotect_restores_write,
         "mprotect makes dirty exclusive pages writable without a fault"},
    Rule{"mprotect_restores_clean",
         {6, 12},
         &Profile::mprotect_restores_clean,
         "and clean ones (known of 6.12, not in 6.1)"},
    Rule{"swap_in_maps_writable",
         {6, 12},
         &Profile::swap_in_maps_writable,
         "a read of an exclusive swapped page maps it writable (known of 6.12, not in 6.1)"},
    Rule{"thp_placement",
         {6, 7},
         &Profile::thp_placement,
         "large areas are placed where their huge pages are aligned (measured on 6.18)"},
    Rule{"mthp", {6, 8}, &Profile::mthp, "folios between a page and a huge page"},
    Rule{"split_drops_zero_pages",
         {6, 12},
         &Profile::split_drops_zero_pages,
         "empty pages of a split huge page become zero pages"},
    Rule{"dontneed_frees_tables",
         {6, 14},
         &Profile::dontneed_frees_tables,
         "MADV_DONTNEED of a whole table's span frees the table"},
    Rule{"large_folio_reuse",
         {6, 15},
         &Profile::large_folio_reuse,
         "the only owner of a large folio reuses its pages one by one"},
};

constexpr std::array kNewCalls = {
    NewCall{"MAP_POPULATE", {2, 6, 0}, -1, "ignored"},
    NewCall{"MAP_HUGETLB", {2, 6, 32}, -1, "ignored"},
    NewCall{"MADV_REMOVE", {2, 6, 16}, MADV_REMOVE},
    NewCall{"MADV_DONTFORK", {2, 6, 16}, MADV_DONTFORK},
    NewCall{"MADV_DOFORK", {2, 6, 16}, MADV_DOFORK},
    NewCall{"MADV_MERGEABLE", {2, 6, 32}, MADV_MERGEABLE},
    NewCall{"MADV_UNMERGEABLE", {2, 6, 32}, MADV_UNMERGEABLE},
    NewCall{"MADV_HUGEPAGE", {2, 6, 38}, MADV_HUGEPAGE},
    NewCall{"MADV_NOHUGEPAGE", {2, 6, 38}, MADV_NOHUGEPAGE},
    NewCall{"process_vm_readv", kProcessVm, -1, "ENOSYS"},
    NewCall{"mlock2", kMlock2, -1, "ENOSYS"},
    NewCall{"MADV_FREE", {4, 5}, MADV_FREE},
    NewCall{"MADV_WIPEONFORK", {4, 14}, MADV_WIPEONFORK},
    NewCall{"MADV_KEEPONFORK", {4, 14}, MADV_KEEPONFORK},
    NewCall{"MADV_COLD", {5, 4}, kMadvCold},
    NewCall{"MADV_PAGEOUT", {5, 4}, kMadvPageout},
    NewCall{"MREMAP_DONTUNMAP", kMremapDontunmapSince},
    NewCall{"MADV_POPULATE_READ", {5, 14}, kMadvPopulateRead},
    NewCall{"MADV_POPULATE_WRITE", {5, 14}, kMadvPopulateWrite},
    NewCall{"MADV_COLLAPSE", {6, 1}, kMadvCollapse},
    NewCall{"MADV_GUARD_INSTALL", {6, 13}, kMadvGuardInstall},
    NewCall{"MADV_GUARD_REMOVE", {6, 13}, kMadvGuardRemove},
};

/// Pages kept free below a stack.
constexpr KernelVersion kWideStackGap{4, 12};
constexpr std::size_t kNarrowGap = 1;
constexpr KernelVersion kWholeFolios{6, 18};

}  // namespace

std::span<const Rule> rules() noexcept { return kRules; }
std::span<const NewCall> new_calls() noexcept { return kNewCalls; }

bool knows_advice(const Profile& profile, int advice) noexcept {
  return std::none_of(kNewCalls.begin(), kNewCalls.end(), [&](const NewCall& call) {
    return call.advice == advice && profile.version < call.since;
  });
}

int heeded_mmap_flags(const Profile& profile, int flags) noexcept {
  if (profile.version < KernelVersion{2, 6, 0}) flags &= ~(MAP_POPULATE | MAP_NONBLOCK);
  if (profile.version < KernelVersion{2, 6, 32}) flags &= ~MAP_HUGETLB;
  return flags;
}

Profile profile_of(KernelVersion version, Profile profile) {
  profile.version = version;
  for (const Rule& rule : kRules) profile.*rule.in_force = rule.holds_in(version);
  if (version < kWideStackGap) profile.stack_guard_gap = kNarrowGap;
  if (version < kWholeFolios) profile.maps_whole_folios = false;
  return profile;
}

std::optional<KernelVersion> parse_version(std::string_view text) noexcept {
  constexpr std::string_view kPrefix = "linux-";
  const bool named = text.starts_with(kPrefix);
  if (named) text.remove_prefix(kPrefix.size());
  unsigned numbers[3] = {};
  const char* at = text.data();
  const char* const end = at + text.size();
  int count = 0;
  for (; count < 3; ++count) {
    const auto [next, error] = std::from_chars(at, end, numbers[count]);
    if (error != std::errc{}) return std::nullopt;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  const bool at_least_two = count >= 1;
  if (!at_least_two || (named && at != end) || numbers[0] < 2) return std::nullopt;
  return KernelVersion{numbers[0], numbers[1], numbers[2]};
}

std::string to_string(KernelVersion version) {
  std::string text =
      "linux-" + std::to_string(version.version) + "." + std::to_string(version.patchlevel);
  if (version.sublevel != 0) text += "." + std::to_string(version.sublevel);
  return text;
}

bool same_rules(KernelVersion a, KernelVersion b) noexcept {
  const auto alike = [&](KernelVersion since) { return (a >= since) == (b >= since); };
  return std::all_of(kRules.begin(), kRules.end(),
                     [&](const Rule& rule) { return rule.holds_in(a) == rule.holds_in(b); }) &&
         std::all_of(kNewCalls.begin(), kNewCalls.end(),
                     [&](const NewCall& call) { return alike(call.since); }) &&
         alike(kWideStackGap) && alike(kWholeFolios);
}

}  // namespace pagesim::kernel
