// What C++ programs allocate without naming it: counting words, sorting lines, joining lists.
#include <algorithm>
#include <list>
#include <map>
#include <string>
#include <unordered_map>

#include "bench/workload/workload.h"

namespace bench {
namespace {

std::string word(Random& random) {
  std::string text(random.between(3, 40), 'a');
  for (char& letter : text) letter = static_cast<char>('a' + random.below(4));
  return text;
}

std::uint64_t count_words(Random& random) {
  std::unordered_map<std::string, std::uint64_t> counts;
  for (unsigned i = 0; i < 100'000; ++i) ++counts[word(random)];
  std::map<std::string, std::uint64_t> sorted(counts.begin(), counts.end());
  return sorted.size() + sorted.begin()->second;
}

std::uint64_t sort_lines(Random& random) {
  std::vector<std::string> lines;
  for (unsigned i = 0; i < 30'000; ++i) lines.push_back(word(random) + ' ' + word(random));
  std::ranges::sort(lines);
  return lines.front().size() + lines.back().size();
}

std::uint64_t join_lists(Random& random) {
  std::list<std::vector<std::size_t>> all;
  for (unsigned i = 0; i < 30'000; ++i) {
    std::list<std::vector<std::size_t>> few;
    few.emplace_back(random.between(1, 30), i);
    all.splice(random.below(2) == 0 ? all.begin() : all.end(), few);
    if (all.size() > 5000) all.pop_front();
  }
  return all.size();
}

}  // namespace

std::uint64_t run_containers(unsigned /*threads*/) {
  Random random{900};
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < 5; ++round) {
    sum += count_words(random) + sort_lines(random) + join_lists(random);
  }
  return sum;
}

}  // namespace bench
