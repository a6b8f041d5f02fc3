// The running kernel's settings, for a simulated machine that is to behave alike.
#pragma once

#include <string>

#include "pagesim/kernel/profile.h"
#include "tools/run/own_allocator.h"
#include "tools/script/op.h"

namespace tools::run {

/// Puts into the profile what this machine is set to: huge pages, the fault-around window, the
/// read-ahead of the disk scripts have their files on, swap space, overcommit and limits. What
/// cannot be read stays as it is.
void read_settings(pagesim::kernel::Profile& profile);

/// Whether a program, or the allocator that serves it, asks for huge pages or changes settings. One
/// that does not runs without huge pages, whatever the machine is set to.
[[nodiscard]] bool speaks_of_huge_pages(const script::Program& program,
                                        std::optional<OwnAllocator> allocator);

/// What the running kernel's profile is to a program the kernel runner runs.
[[nodiscard]] pagesim::kernel::Profile profile_for(const script::Program& program,
                                                   OwnAllocator allocator = OwnAllocator::Ptmalloc);

/// The file with the read-ahead, in KiB, of the disk scripts have their files on; empty: not known.
[[nodiscard]] std::string read_ahead_file();

/// What "always [madvise] never" says.
[[nodiscard]] pagesim::kernel::ThpMode thp_mode(const std::string& text,
                                                pagesim::kernel::ThpMode otherwise);

/// What kind of device the first line of /proc/swaps with the highest priority names.
/// `is_rotational`: whether the disk behind a path has heads to move.
[[nodiscard]] pagesim::kernel::SwapDevice swap_device(const std::string& swaps,
                                                      bool (*is_rotational)(const std::string&));

}  // namespace tools::run
