// The names of the fault handler's functions, era by era.
#include "pagesim/era.h"

#include <array>

namespace pagesim {
namespace {

/// One decision's function; empty: the era did not have it.
struct Names {
  Decision decision;
  std::string_view linux24;
  std::string_view linux26;
  std::string_view today;
};

/// In the order of Decision. The names of 2.6 are those before 2.6.23, when ->nopage became
/// ->fault, but for huge pages, which came with 2.6.38. What ->map_pages does for many pages,
/// ->nopage did for one.
constexpr std::array<Names, kDecisions> kDecisionNames = {{
    {Decision::FindVma, "find_vma", "find_vma", "find_vma"},
    {Decision::ExpandStack, "expand_stack", "expand_stack", "expand_stack"},
    {Decision::HandleMmFault, "handle_mm_fault", "handle_mm_fault", "handle_mm_fault"},
    {Decision::HugetlbFault, "", "hugetlb_fault", "hugetlb_fault"},
    {Decision::DoHugePmdAnonymousPage, "", "do_huge_pmd_anonymous_page",
     "do_huge_pmd_anonymous_page"},
    {Decision::DoHugePmdWpPage, "", "do_huge_pmd_wp_page", "do_huge_pmd_wp_page"},
    {Decision::SplitHugePmd, "", "split_huge_page", "split_huge_pmd"},
    {Decision::HandlePteFault, "handle_pte_fault", "handle_pte_fault", "handle_pte_fault"},
    {Decision::DoAnonymousPage, "do_anonymous_page", "do_anonymous_page", "do_anonymous_page"},
    {Decision::DoFault, "do_no_page", "do_no_page", "do_fault"},
    {Decision::DoReadFault, "", "", "do_read_fault"},
    {Decision::MapPages, "->nopage", "->nopage", "->map_pages"},
    {Decision::DoCowFault, "", "", "do_cow_fault"},
    {Decision::DoSharedFault, "", "", "do_shared_fault"},
    {Decision::Fault, "->nopage", "->nopage", "->fault"},
    {Decision::Retry, "", "", "VM_FAULT_RETRY"},
    {Decision::PageMkwrite, "", "->page_mkwrite", "->page_mkwrite"},
    {Decision::DoSwapPage, "do_swap_page", "do_swap_page", "do_swap_page"},
    {Decision::DoNumaPage, "", "", "do_numa_page"},
    {Decision::DoWpPage, "do_wp_page", "do_wp_page", "do_wp_page"},
    {Decision::WpPageReuse, "", "", "wp_page_reuse"},
    {Decision::WpPageCopy, "", "", "wp_page_copy"},
    {Decision::BadArea, "bad_area", "bad_area", "bad_area"},
}};

constexpr bool in_order() {
  for (unsigned i = 0; i < kDecisions; ++i)
    if (static_cast<unsigned>(kDecisionNames[i].decision) != i) return false;
  return true;
}
static_assert(in_order());

std::string_view name_in(const Names& names, Era era) {
  if (era == Era::Today) return names.today;
  return era == Era::Linux26 ? names.linux26 : names.linux24;
}

std::string_view entrance(const FaultRecord& fault, Era era) {
  if (fault.mode == Mode::Gup) return "get_user_pages";
  const bool arm64 = fault.esr != 0;  // do_page_fault kept its name there
  return era == Era::Today && !arm64 ? "do_user_addr_fault" : "do_page_fault";
}

}  // namespace

std::vector<std::string_view> fault_path(const FaultRecord& fault, Era era) {
  std::vector<std::string_view> path;
  if (fault.decisions == Decisions{}) return path;
  path.push_back(entrance(fault, era));
  for (const Names& names : kDecisionNames) {
    const std::string_view name = name_in(names, era);
    if (!fault.decisions.has(names.decision) || name.empty() || name == path.back()) continue;
    path.push_back(name);
  }
  return path;
}

}  // namespace pagesim
