// Why an operation did what it did: the allocator's decisions in words.
#pragma once

#include <string>
#include <string_view>

#include "tools/report/table.h"
#include "tools/run/sim/call_log.h"

namespace tools::explain {

/// The words of a note, with places for its numbers: {a}, {b}, {c} as they are, {A}, {B}, {C} as
/// addresses. "thread cache bin {a} empty".
[[nodiscard]] std::string_view words_of(const run::sim::Note& note) noexcept;

/// The same with its numbers filled in: grouped, and addresses as `place(address)` has them.
template <class Place>
[[nodiscard]] std::string in_words(const run::sim::Note& note, Place place);

/// Calls text(part) and number(letter) for the parts of words_of in turn.
template <class Text, class Number>
void each_part(std::string_view words, Text text, Number number) {
  while (!words.empty()) {
    const auto open = words.find('{');
    text(words.substr(0, open));
    if (open == std::string_view::npos) return;
    number(words[open + 1]);
    words.remove_prefix(open + 3);
  }
}

template <class Place>
std::string in_words(const run::sim::Note& note, Place place) {
  std::string line;
  each_part(
      words_of(note), [&](std::string_view text) { line += text; },
      [&](char letter) {
        const bool is_place = letter < 'a';
        const char which = is_place ? static_cast<char>(letter - 'A' + 'a') : letter;
        const std::uint64_t value = which == 'a' ? note.a : which == 'b' ? note.b : note.c;
        line += is_place ? place(value) : report::grouped(value);
      });
  return line;
}

}  // namespace tools::explain
