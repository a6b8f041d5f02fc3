// Names of entry bits, by architecture and level.
#include "pagesim/hardware/entry_words.h"

#include <span>
#include <string_view>

#include "pagesim/hardware/arch/arm64.h"
#include "pagesim/hardware/arch/x86.h"

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
/// Of an x86 entry that is not present hardware reads nothing, and Linux uses one bit otherwise.
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

// arm64: the manual's names; from bit 55 on Linux's, but for PXNTable.
constexpr BitName kArm64Table[] = {{0, "valid"}, {1, "table"}, {10, "AF"}, {59, "PXNTable"}};
constexpr BitName kArm64Page[] = {{0, "valid"}, {1, "page"}, {6, "AP[1]"},  {7, "AP[2]"},
                                  {10, "AF"},   {11, "nG"},  {51, "DBM"},   {52, "Contiguous"},
                                  {53, "PXN"},  {54, "UXN"}, {55, "DIRTY"}, {56, "SPECIAL"}};
constexpr BitName kArm64Block[] = {
    {0, "valid block"}, {6, "AP[1]"}, {7, "AP[2]"}, {10, "AF"},    {11, "nG"},     {51, "DBM"},
    {52, "Contiguous"}, {53, "PXN"},  {54, "UXN"},  {55, "DIRTY"}, {56, "SPECIAL"}};
constexpr BitName kArm64ProtNone[] = {{1, "page"},      {6, "AP[1]"},   {7, "AP[2]"}, {10, "AF"},
                                      {11, "PROTNONE"}, {51, "DBM"},    {53, "PXN"},  {54, "UXN"},
                                      {55, "DIRTY"},    {56, "SPECIAL"}};

std::span<const BitName> arm64_names(unsigned level, Entry entry) {
  if ((entry & arm64::kValid) == 0) return kArm64ProtNone;
  if (level == 0) return kArm64Page;
  return (entry & arm64::kTableOrPage) != 0 ? std::span<const BitName>{kArm64Table} : kArm64Block;
}

/// A page's protection key, where it has another than the default one.
void add_x86_key(Entry entry, std::vector<std::string>& words) {
  const Entry key = (entry & x86::kProtectionKey) >> x86::kProtectionKeyShift;
  if ((entry & x86::kPresent) != 0 && key != 0) words.push_back("PK=" + std::to_string(key));
}

/// The fields of several bits; a table has none.
void add_arm64_fields(unsigned level, Entry entry, std::vector<std::string>& words) {
  const bool table = level > 0 && (entry & arm64::kTableOrPage) != 0;
  if (table) return;
  words.push_back("AttrIndx=" + std::to_string((entry & arm64::kAttrIndx) >> 2));
  words.push_back("SH=" + std::to_string((entry & arm64::kSh) >> 8));
}

}  // namespace

std::vector<std::string> entry_words(const Geometry& geometry, unsigned level, Entry entry) {
  const bool arm = geometry.arch == Arch::Arm64;
  std::vector<std::string> words;
  for (const BitName& bit : arm ? arm64_names(level, entry) : x86_names(level, entry))
    if ((entry >> bit.bit & 1) != 0) words.emplace_back(bit.name);
  if (arm)
    add_arm64_fields(level, entry, words);
  else
    add_x86_key(entry, words);
  return words;
}

}  // namespace pagesim::hardware
