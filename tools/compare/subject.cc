// Allocators by name.
#include "tools/compare/subject.h"

#include <gnu/libc-version.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tools/measure/allocator_library.h"
#include "tools/trace/preloadable.h"

namespace tools::compare {
namespace {

Subject glibc() { return {"glibc", "", ::gnu_get_libc_version()}; }

Subject ptmalloc() {
  return {"ptmalloc", trace::find_own_library("libptmalloc.so", "FAULTLINE_PTMALLOC"), ""};
}

Subject faultline() {
  return {"faultline", trace::find_own_library("libfaultline.so", "FAULTLINE_FAULTLINE"), ""};
}

std::vector<Subject> all_subjects() {
  std::vector<Subject> all = {glibc(), ptmalloc(), faultline()};
  for (const measure::AllocatorLibrary& peer : measure::installed_allocators()) {
    all.push_back({peer.name, peer.path, peer.version});
  }
  return all;
}

}  // namespace

Subject find_subject(const std::string& name) {
  if (name == "glibc") return glibc();
  if (name == "ptmalloc") return ptmalloc();
  if (name == "faultline") return faultline();
  const measure::AllocatorLibrary library = measure::find_allocator(name);
  return {library.name, library.path, library.version};
}

std::vector<Subject> find_subjects(const std::string& names) {
  if (names == "all") return all_subjects();
  std::vector<Subject> subjects;
  std::istringstream in{names};
  for (std::string name; std::getline(in, name, ',');) {
    Subject subject = find_subject(name);
    for (const Subject& other : subjects) {
      if (other.name == subject.name) throw std::runtime_error{name + " is named twice."};
    }
    subjects.push_back(std::move(subject));
  }
  if (subjects.empty()) throw std::runtime_error{"--allocators names no allocator."};
  return subjects;
}

}  // namespace tools::compare
