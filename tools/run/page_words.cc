// Words and letters of page states.
#include "tools/run/page_words.h"

namespace tools::run {
namespace {

namespace page_flag = measure::page_flag;

bool has(std::uint64_t flags, std::uint64_t wanted) { return (flags & wanted) != 0; }

bool is_large(std::uint64_t flags) {
  return has(flags, page_flag::kCompoundHead | page_flag::kCompoundTail | page_flag::kThp);
}

}  // namespace

std::string page_word(measure::PageEntry entry, std::uint64_t flags) {
  if (entry.guard()) return "guard";
  if (entry.swapped()) return "swap";
  if (!entry.present()) return "absent";
  if (entry.frame() == 0 || flags == 0) return "present";
  if (has(flags, page_flag::kZeroPage)) return is_large(flags) ? "huge_zero" : "zero";
  if (entry.file()) return has(flags, page_flag::kSwapBacked) ? "shmem" : "file";
  const std::string word = is_large(flags) ? "huge" : "anon";
  return entry.exclusive() ? word : word + "_shared";
}

std::string page_letters(measure::PageEntry entry, std::uint64_t flags) {
  if (entry.guard()) return "G";
  if (entry.swapped()) return "S";
  if (!entry.present()) return "-";
  if (entry.frame() == 0 || flags == 0) return {};
  const bool zero = has(flags, page_flag::kZeroPage);
  std::string letters = zero ? "Z" : entry.file() ? "F" : "A";
  if (is_large(flags)) letters += 'H';
  if (has(flags, page_flag::kSwapCache)) letters += 'c';
  if (entry.exclusive() && !zero) letters += 'x';
  return letters;
}

}  // namespace tools::run
