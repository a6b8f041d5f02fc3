// The words of the language that stand for numbers: advice, mallopt parameters, settings, options.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tools::script {

/// A word and the number it stands for.
struct WordValue {
  std::string_view word;
  std::int64_t value = 0;
};

[[nodiscard]] std::span<const WordValue> advice_words() noexcept;     ///< DONTNEED: MADV_DONTNEED
[[nodiscard]] std::span<const WordValue> parameter_words() noexcept;  ///< M_MMAP_THRESHOLD: -3
[[nodiscard]] std::span<const WordValue> mmap_words() noexcept;       ///< populate: flag::Populate
[[nodiscard]] std::span<const WordValue> setting_words() noexcept;    ///< never: SettingWord
[[nodiscard]] std::span<const WordValue>
number_settings() noexcept;                                         ///< page_cluster, ...; value 0
[[nodiscard]] std::span<const WordValue> word_settings() noexcept;  ///< thp_enabled, ...; value 0
[[nodiscard]] std::span<const WordValue> error_words() noexcept;    ///< EFAULT: 14

[[nodiscard]] std::optional<std::int64_t> value_of(std::span<const WordValue> words,
                                                   std::string_view word) noexcept;
/// The first word that stands for `value`; empty if none does.
[[nodiscard]] std::string_view word_of(std::span<const WordValue> words,
                                       std::int64_t value) noexcept;
/// Whether `word` is one the grammar gives a meaning, so that no file may be called it.
[[nodiscard]] bool is_reserved_for_files(std::string_view word) noexcept;
/// Whether `word` names a base of the address space: heap, stack, text.
[[nodiscard]] bool is_base(std::string_view word) noexcept;

/// What K, M, G and T after a number stand for; nothing after it: 1.
[[nodiscard]] std::optional<std::uint64_t> suffix_factor(std::string_view suffix) noexcept;

/// The number of single-letter changes, insertions and deletions from `a` to `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// `; did you mean "malloc"?` for the word nearest to `found`, empty if none is near.
[[nodiscard]] std::string did_you_mean(std::string_view found,
                                       std::span<const std::string_view> words);

}  // namespace tools::script
