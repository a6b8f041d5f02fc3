// The set bits of a page-table entry by name.
#pragma once

#include <string>
#include <vector>

#include "pagesim/hardware/entry.h"

namespace pagesim::hardware {

/// Names of the bits set in an entry of `level` that is present, or would be but for PROT_NONE,
/// lowest first: the architecture's, and Linux's for the bits hardware leaves to it. Fields of
/// several bits follow, written "NAME=VALUE". The frame is left out.
[[nodiscard]] std::vector<std::string> entry_words(const Geometry& geometry, unsigned level,
                                                   Entry entry);

}  // namespace pagesim::hardware
