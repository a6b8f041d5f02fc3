// Subject: an allocator that a program is run under.
#pragma once

#include <string>
#include <vector>

namespace tools::compare {

struct Subject {
  std::string name;     ///< "glibc", "jemalloc", or the library's file name
  std::string library;  ///< to be preloaded; empty: glibc, the C library's own
  std::string version;  ///< empty: not known
};

/// "ptmalloc", "glibc", "jemalloc", "mimalloc", "tcmalloc", or the path of a library. Throws
/// std::runtime_error with one sentence where there is no such allocator.
[[nodiscard]] Subject find_subject(const std::string& name);

/// Those named in `names` ("glibc,jemalloc"), in that order; "all": every one found here, glibc
/// first. Throws as find_subject() does, and where one is named twice.
[[nodiscard]] std::vector<Subject> find_subjects(const std::string& names);

}  // namespace tools::compare
