// The words of the language that stand for numbers: advice, mallopt parameters, settings, options.
#include "tools/script/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "tools/script/op.h"

namespace tools::script {
namespace {

// Linux's numbers (madvise(2)); written out, since older C library headers lack the newest.
constexpr WordValue kAdvice[] = {
    {"NORMAL", 0},          {"RANDOM", 1},         {"SEQUENTIAL", 2},      {"WILLNEED", 3},
    {"DONTNEED", 4},        {"FREE", 8},           {"REMOVE", 9},          {"DONTFORK", 10},
    {"DOFORK", 11},         {"MERGEABLE", 12},     {"UNMERGEABLE", 13},    {"HUGEPAGE", 14},
    {"NOHUGEPAGE", 15},     {"WIPEONFORK", 18},    {"KEEPONFORK", 19},     {"COLD", 20},
    {"PAGEOUT", 21},        {"POPULATE_READ", 22}, {"POPULATE_WRITE", 23}, {"COLLAPSE", 25},
    {"GUARD_INSTALL", 102}, {"GUARD_REMOVE", 103}};

// mallopt(3).
constexpr WordValue kParameters[] = {
    {"M_MXFAST", 1},          {"M_TRIM_THRESHOLD", -1}, {"M_TOP_PAD", -2},
    {"M_MMAP_THRESHOLD", -3}, {"M_MMAP_MAX", -4},       {"M_CHECK_ACTION", -5},
    {"M_PERTURB", -6},        {"M_ARENA_TEST", -7},     {"M_ARENA_MAX", -8}};

constexpr WordValue kMmap[] = {{"populate", flag::Populate}, {"noreserve", flag::Noreserve},
                               {"locked", flag::Locked},     {"growsdown", flag::Growsdown},
                               {"hugetlb", flag::Hugetlb},   {"nonblock", flag::Nonblock},
                               {"fixed", flag::Fixed}};

constexpr WordValue kSettingWords[] = {{"never", static_cast<int>(SettingWord::Never)},
                                       {"madvise", static_cast<int>(SettingWord::Madvise)},
                                       {"always", static_cast<int>(SettingWord::Always)},
                                       {"inherit", static_cast<int>(SettingWord::Inherit)}};

constexpr WordValue kNumberSettings[] = {
    {"page_cluster"}, {"nr_hugepages"},      {"fault_around_bytes"}, {"read_ahead_kb"},
    {"swappiness"},   {"overcommit_memory"}, {"use_zero_page"},      {"memory_limit"}};
constexpr WordValue kWordSettings[] = {{"thp_enabled"}, {"thp_shmem"}, {"thp_16k"},  {"thp_32k"},
                                       {"thp_64k"},     {"thp_128k"},  {"thp_256k"}, {"thp_512k"},
                                       {"thp_1m"},      {"thp_2m"}};

constexpr WordValue kErrors[] = {{"none", 0},        {"EPERM", EPERM},   {"EIO", EIO},
                                 {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES},
                                 {"EFAULT", EFAULT}, {"EBUSY", EBUSY},   {"EEXIST", EEXIST},
                                 {"ENODEV", ENODEV}, {"EINVAL", EINVAL}, {"EBADF", EBADF},
                                 {"ENOSPC", ENOSPC}, {"ESRCH", ESRCH},   {"EHWPOISON", EHWPOISON}};

}  // namespace

std::span<const WordValue> advice_words() noexcept { return kAdvice; }
std::span<const WordValue> parameter_words() noexcept { return kParameters; }
std::span<const WordValue> mmap_words() noexcept { return kMmap; }
std::span<const WordValue> setting_words() noexcept { return kSettingWords; }
std::span<const WordValue> number_settings() noexcept { return kNumberSettings; }
std::span<const WordValue> word_settings() noexcept { return kWordSettings; }
std::span<const WordValue> error_words() noexcept { return kErrors; }

std::optional<std::int64_t> value_of(std::span<const WordValue> words,
                                     std::string_view word) noexcept {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [word](const WordValue& w) { return w.word == word; });
  if (found == words.end()) return std::nullopt;
  return found->value;
}

std::string_view word_of(std::span<const WordValue> words, std::int64_t value) noexcept {
  const auto found = std::find_if(words.begin(), words.end(),
                                  [value](const WordValue& w) { return w.value == value; });
  return found == words.end() ? std::string_view{} : found->word;
}

bool is_reserved_for_files(std::string_view word) noexcept {
  return word == "anon" || word == "zero" || word == "null" || word == "pipe";
}

bool is_base(std::string_view word) noexcept {
  return word == "heap" || word == "stack" || word == "text";
}

std::optional<std::uint64_t> suffix_factor(std::string_view suffix) noexcept {
  if (suffix.empty()) return 1;
  if (suffix == "K") return std::uint64_t{1} << 10;
  if (suffix == "M") return std::uint64_t{1} << 20;
  if (suffix == "G") return std::uint64_t{1} << 30;
  if (suffix == "T") return std::uint64_t{1} << 40;
  return std::nullopt;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string did_you_mean(std::string_view found, std::span<const std::string_view> words) {
  constexpr std::size_t kNear = 2;
  constexpr std::size_t kLongest = 32;  // no word is longer; keeps the distance cheap
  if (found.size() > kLongest) return {};
  std::string_view best;
  std::size_t best_distance = std::min(kNear, found.size() / 2) + 1;
  for (const std::string_view word : words) {
    const std::size_t distance = edit_distance(found, word);
    if (distance >= best_distance) continue;
    best = word;
    best_distance = distance;
  }
  return best.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", best);
}

}  // namespace tools::script
