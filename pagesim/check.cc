// check: the message of a broken invariant.
#include "pagesim/check.h"

#include <cstdio>
#include <cstdlib>

namespace pagesim {

void check_failed(const char* claim, const char* file, int line) noexcept {
  std::fprintf(stderr, "pagesim: broken invariant: %s (%s:%d)\n", claim, file, line);
  std::abort();
}

}  // namespace pagesim
