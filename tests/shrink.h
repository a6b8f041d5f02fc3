// Delta debugging: what fails, with as few parts as possible.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

/// Takes parts away, from the end backwards, in halves, quarters, ... one by one, as long as
/// keeps(candidate) says that what is left still fails; it has then taken the candidate over.
/// `parts()` are those there are now.
template <class Parts, class Keeps, class Goes>
void drop_parts(Parts parts, Keeps keeps, Goes goes_on) {
  for (std::size_t chunk = parts().size() / 2; chunk > 0; chunk /= 2) {
    std::size_t end = parts().size();
    while (end > 0 && goes_on()) {
      const std::size_t first = end > chunk ? end - chunk : 0;
      auto candidate = parts();
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(first),
                      candidate.begin() + static_cast<std::ptrdiff_t>(end));
      keeps(std::move(candidate));
      end = first;
    }
  }
}
