// Reads places (a byte) and ranges (pages).
#include <fmt/format.h>

#include <limits>

#include "tools/script/line_parser.h"

namespace tools::script {

Place LineParser::base() {
  if (!accept_sign("@")) return named_base();
  if (!peek().glued) fail_expected("an address right after \"@\"");
  Place place;
  place.offset = static_cast<std::int64_t>(
      magnitude("an address after \"@\"", std::numeric_limits<std::uint64_t>::max()));
  return place;
}

Place LineParser::named_base() {
  const Token& word = expect_word("a place");
  Place place;
  if (word.text == "heap") {
    place.base = Base::Heap;
  } else if (word.text == "stack") {
    place.base = Base::Stack;
  } else if (word.text == "text") {
    place.base = Base::Text;
  } else {
    const auto why = scope_->why_unusable(places_of_, word.text);
    if (why && !(any_life_ && scope_->was_bound(places_of_, word.text))) fail(word, *why);
    place.base = Base::Name;
    place.name = scope_->name_index(word.text);
  }
  return place;
}

LineParser::Brackets LineParser::brackets() {
  Brackets pages;
  if (!at_sign("[") || !peek().glued) return pages;
  next();
  pages.present = true;
  if (accept_sign("..")) {
    pages.is_range = pages.whole = true;
  } else {
    const Token& first = peek();
    pages.first = pages.last = page_number("a page number after \"[\"");
    if (accept_sign("..")) {
      pages.is_range = true;
      pages.last = page_number("a page number after \"..\"");
      if (pages.last < pages.first) {
        fail(first, fmt::format("the range ends at page {} before it begins at page {}", pages.last,
                                pages.first));
      }
      pages.step = stride();
    }
  }
  expect_sign("]", "the pages");
  return pages;
}

std::uint32_t LineParser::stride() {
  if (!accept_word("by")) return 1;
  const Token& token = peek();
  const std::uint64_t step = unsigned_number("a number of pages after \"by\"");
  if (step == 0 || step > std::numeric_limits<std::uint32_t>::max()) {
    fail(token, "the step of a range is at least 1 page and below 2^32");
  }
  return static_cast<std::uint32_t>(step);
}

/// `+17` or `-8` right after a base or its brackets.
std::int64_t LineParser::tail_offset() {
  const bool signed_tail = (at_sign("+") || at_sign("-")) && peek().glued;
  if (!signed_tail) return 0;
  if (!peek(1).glued) {
    next();
    fail_expected("a number of bytes right after the sign");
  }
  return signed_number("a number of bytes");
}

Place LineParser::place() {
  const Token& start = peek();
  Place place = base();
  const Brackets pages = brackets();
  if (pages.is_range) fail(start, "expected a place, one byte such as A[3]+17, found a range");
  const std::int64_t bytes = page_bytes(pages.first, start);
  const std::int64_t tail = tail_offset();
  std::int64_t sum = 0;
  if (__builtin_add_overflow(bytes, tail, &sum)) fail(start, "the place lies beyond 2^63 bytes");
  place.offset = static_cast<std::int64_t>(static_cast<std::uint64_t>(place.offset) +
                                           static_cast<std::uint64_t>(sum));
  return place;
}

/// Makes `op_.to`, a base, the first page of a range.
void LineParser::apply(const Brackets& pages, const Token& at) {
  if (pages.whole) {
    if (op_.to.base != Base::Name) {
      fail(at, "only a name knows how long it is: write the first and the last page, as in [0..7]");
    }
    op_.pages = Op::kWholeRange;
    return;
  }
  op_.to.offset =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(op_.to.offset) +
                                static_cast<std::uint64_t>(page_bytes(pages.first, at)));
  op_.pages = pages.last - pages.first + 1;
  op_.step = op_.pages == 1 ? 1 : pages.step;
}

void LineParser::range(bool consecutive) {
  const Token& start = peek();
  op_.to = base();
  Brackets pages = brackets();
  if (!pages.present) pages.is_range = pages.whole = true;
  if (!pages.is_range) {
    fail(start, fmt::format("expected a range such as [{}..{}], found one page", pages.first,
                            pages.first));
  }
  if (consecutive && pages.step != 1) fail(start, "this range cannot leave out pages with \"by\"");
  if (at_sign("+") || at_sign("-")) fail_expected("nothing after the range: it is made of pages");
  apply(pages, start);
}

/// What read and write take: a range and `reverse`, or a place and the size of one access.
void LineParser::target() {
  const Token& start = peek();
  std::size_t begin = at_;
  const Place first = base();
  const Brackets pages = brackets();
  if (!pages.is_range) {
    at_ = begin;
    op_.to = place();
    op_.n = 1;
    if (peek().kind == Token::Kind::End) return;
    const Token& size = peek();
    op_.n = unsigned_number("the size of the access in bytes");
    if (op_.n == 0 || op_.n > 16 || (op_.n & (op_.n - 1)) != 0) {
      fail(size, "one access has 1, 2, 4, 8 or 16 bytes: use fill or copy for more");
    }
    return;
  }
  if (at_sign("+") || at_sign("-")) fail_expected("nothing after the range: it is made of pages");
  op_.to = first;
  op_.n = 1;
  apply(pages, start);
  if (accept_word("reverse")) op_.flags |= flag::Reverse;
}

}  // namespace tools::script
