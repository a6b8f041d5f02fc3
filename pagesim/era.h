// Era: the functions a fault went through, by the names they had.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pagesim/ledger.h"

namespace pagesim {

enum class Era : std::uint8_t { Linux24, Linux26, Today };

/// The decision path of a simulated fault in an era's functions, outermost first: "do_page_fault",
/// "find_vma", "handle_mm_fault", "handle_pte_fault", "do_no_page", "->nopage". A step the era had
/// no function for is left out, and what it led to follows. Empty for a real fault, whose path
/// nobody saw.
[[nodiscard]] std::vector<std::string_view> fault_path(const FaultRecord& fault, Era era);

}  // namespace pagesim
