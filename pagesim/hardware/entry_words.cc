// Names of entry bits, by architecture and level.
#include "pagesim/hardware/entry_words.h"

#include <span>
#include <string_view>

namespace pagesim::hardware {

namespace {

struct BitName {
  unsigned bit;
  std::string_view name;
};

// x86: the manual's names; from bit 9 on Linux's, but for XD.
constexpr BitName kX86Table[] = {{0, "P"},   {1, "R/W"}, {2, "U/S"}, {3, "PWT"},
                                 {4, "PCD"}, {5, "A"},   {6, "D"},   {63, "XD"}};
constexpr BitName kX86Page[] = {
    {0, "P"}, {1, "R/W"}, {2, "U/S"}, {3, "PWT"},     {4, "PCD"},          {5, "A"},
    {6, "D"}, {7, "PAT"}, {8, "G"},   {9, "SPECIAL"}, {58, "SAVED_DIRTY"}, {63, "XD"}};
constexpr BitName kX86Block[] = {
    {0, "P"}, {1, "R/W"}, {2, "U/S"}, {3, "PWT"},     {4, "PCD"},          {5, "A"},
    {6, "D"}, {7, "PS"},  {8, "G"},   {9, "SPECIAL"}, {58, "SAVED_DIRTY"}, {63, "XD"}};
/// Of an entry that is not present hardware reads nothing, and Linux uses one bit otherwise.
constexpr BitName kX86ProtNone[] = {
    {1, "R/W"},     {2, "U/S"},          {5, "A"},  {6, "D"}, {8, "PROTNONE"},
    {9, "SPECIAL"}, {58, "SAVED_DIRTY"}, {63, "XD"}};

std::span<const BitName> x86_names(unsigned level, Entry entry) {
  constexpr Entry kPresent = 1u << 0;
  constexpr Entry kPageSize = 1u << 7;
  if ((entry & kPresent) == 0) return kX86ProtNone;
  if (level == 0) return kX86Page;
  return (entry & kPageSize) != 0 ? std::span<const BitName>{kX86Block} : kX86Table;
}

}  // namespace

std::vector<std::string> entry_words(const Geometry& /*geometry*/, unsigned level, Entry entry) {
  std::vector<std::string> words;
  for (const BitName& bit : x86_names(level, entry))
    if ((entry >> bit.bit & 1) != 0) words.emplace_back(bit.name);
  return words;
}

}  // namespace pagesim::hardware
