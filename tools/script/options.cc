// Reads the arguments that are words: protection, mmap's and mremap's options, sources, settings.
#include <fmt/format.h>
#include <sys/mman.h>

#include "tools/script/line_parser.h"

namespace tools::script {

void LineParser::protection() {
  const Token& word = expect_word("a protection: none, or r, w, x together");
  if (word.text == "none") return;
  for (const char letter : word.text) {
    const int bit = letter == 'r'   ? PROT_READ
                    : letter == 'w' ? PROT_WRITE
                    : letter == 'x' ? PROT_EXEC
                                    : 0;
    if (bit == 0 || (op_.prot & bit) != 0) {
      fail(word,
           fmt::format("expected a protection, none or r, w, x together, found \"{}\"", word.text));
    }
    op_.prot = static_cast<std::uint8_t>(op_.prot | bit);
  }
}

void LineParser::backing() {
  if (accept_word("anon")) {
    op_.flags |= flag::Anonymous;
  } else {
    op_.file = existing_file();
  }
}

void LineParser::sharing() {
  if (accept_word("shared")) {
    op_.flags |= flag::Shared;
  } else if (!accept_word("private")) {
    fail_expected("private or shared");
  }
}

void LineParser::set_flag(std::uint32_t bit) {
  const Token& word = next();
  if ((op_.flags & bit) != 0) fail(word, fmt::format("\"{}\" is written twice", word.text));
  op_.flags |= bit;
}

void LineParser::at_place() {
  set_flag(flag::HasAddress);
  op_.from = place();
}

bool LineParser::mmap_option() {
  if (at_word("at")) {
    at_place();
    return true;
  }
  const auto bit =
      peek().kind == Token::Kind::Word ? value_of(mmap_words(), peek().text) : std::nullopt;
  if (bit) set_flag(static_cast<std::uint32_t>(*bit));
  return bit.has_value();
}

void LineParser::mmap_options() {
  bool has_from = false;
  const Token& start = peek();
  for (;;) {
    if (at_word("from")) {
      const Token& word = next();
      if (has_from) fail(word, "\"from\" is written twice");
      if ((op_.flags & flag::Anonymous) != 0) fail(word, "only a file has pages to map \"from\"");
      has_from = true;
      const Token& page = peek();
      op_.m = static_cast<std::uint64_t>(
          page_bytes(static_cast<std::int64_t>(unsigned_number("a page number")), page));
    } else if (!mmap_option()) {
      break;
    }
  }
  check_mmap(start);
}

void LineParser::check_mmap(const Token& at) {
  const auto has = [this](std::uint32_t bits) { return (op_.flags & bits) == bits; };
  if (has(flag::Fixed) && !has(flag::HasAddress)) fail(at, "\"fixed\" needs \"at PLACE\"");
  if (has(flag::Hugetlb) && !has(flag::Anonymous)) fail(at, "\"hugetlb\" needs \"anon\"");
}

void LineParser::mremap_options() {
  const Token& start = peek();
  for (;;) {
    if (at_word("maymove")) {
      set_flag(flag::Maymove);
    } else if (at_word("dontunmap")) {
      set_flag(flag::Dontunmap);
    } else if (at_word("at")) {
      at_place();
    } else {
      break;
    }
  }
  const bool may_move = (op_.flags & flag::Maymove) != 0;
  const bool has_address = (op_.flags & flag::HasAddress) != 0;
  if (may_move && has_address) fail(start, "\"maymove\" and \"at\" exclude each other");
  if ((op_.flags & flag::Dontunmap) != 0 && !may_move && !has_address) {
    fail(start, "\"dontunmap\" needs \"maymove\" or \"at PLACE\"");
  }
}

void LineParser::file_options() {
  bool has_place = false;
  for (;;) {
    if (at_word("sparse")) {
      set_flag(flag::Sparse);
    } else if (at_word("bulk")) {
      set_flag(flag::Bulk);
    } else if (at_word("on")) {
      const Token& word = next();
      if (has_place) fail(word, "\"on\" is written twice");
      has_place = true;
      if (accept_word("tmpfs")) {
        op_.flags |= flag::Tmpfs;
      } else if (!accept_word("disk")) {
        fail_expected("disk or tmpfs after \"on\"");
      }
    } else {
      break;
    }
  }
  if ((op_.flags & flag::Sparse) != 0 && (op_.flags & flag::Bulk) != 0) {
    fail(peek(), "\"sparse\" and \"bulk\" exclude each other");
  }
}

void LineParser::setting() {
  const Token& name = expect_word("a setting such as page_cluster");
  const bool takes_number = value_of(number_settings(), name.text).has_value();
  const bool takes_word = value_of(word_settings(), name.text).has_value();
  if (!takes_number && !takes_word) {
    std::vector<std::string_view> words;
    for (const auto list : {number_settings(), word_settings()}) {
      for (const WordValue& known : list) words.push_back(known.word);
    }
    fail(name, fmt::format("unknown setting \"{}\"{}", name.text, did_you_mean(name.text, words)));
  }
  op_.file = scope_->setting_index(name.text);
  if (takes_number) {
    op_.n = unsigned_number(fmt::format("a number for \"{}\"", name.text));
    return;
  }
  const auto value =
      peek().kind == Token::Kind::Word ? value_of(setting_words(), peek().text) : std::nullopt;
  if (!value) fail_expected("never, madvise, always or inherit");
  next();
  op_.n = static_cast<std::uint64_t>(*value);
}

void LineParser::read_source() {
  if (!accept_word("from") || accept_word("zero")) {
    op_.flags |= flag::ZeroSource;
  } else {
    op_.file = existing_file();
  }
}

void LineParser::write_sink() {
  if (!accept_word("to") || accept_word("null")) {
    op_.flags |= flag::NullSink;
  } else if (accept_word("pipe")) {
    op_.flags |= flag::PipeSink;
  } else {
    op_.file = existing_file();
  }
}

}  // namespace tools::script
