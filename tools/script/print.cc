// From a Program back to the text of a script.
#include "tools/script/print.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "tools/script/grammar.h"
#include "tools/script/words.h"

namespace tools::script {
namespace {

/// Writes one operation, argument by argument.
class OpPrinter {
 public:
  OpPrinter(const Program& program, const Op& op) : program_{program}, op_{op} {}
  std::string print();

 private:
  void argument(Argument kind);
  void memory_argument(Argument kind);
  void file_argument(Argument kind);
  void word(std::string_view text) { text_ += fmt::format(" {}", text); }
  void number(std::uint64_t value) { text_ += fmt::format(" {}", value); }
  void flag_word(std::uint32_t bit, std::string_view text) {
    if ((op_.flags & bit) != 0) word(text);
  }
  void place(const Place& place) { word(to_text(program_, place)); }
  void range();
  void file_range();
  void target();
  void parameter();
  void protection();
  void mmap_options();
  void file_options();
  void setting();
  [[nodiscard]] std::int64_t page_size() const { return std::int64_t{1} << program_.page_shift; }
  [[nodiscard]] const std::string& file() const { return program_.files[op_.file]; }
  [[nodiscard]] const std::string& peer() const { return program_.processes[op_.peer].name; }

  const Program& program_;
  const Op& op_;
  std::string text_;
};

std::string OpPrinter::print() {
  if (op_.process != 0) text_ += program_.processes[op_.process].name + ": ";
  if (op_.result != kNone) text_ += program_.names[op_.result] + " = ";
  text_ += to_string(op_.verb);
  for (const Argument kind : grammar_of(op_.verb).arguments) argument(kind);
  return text_;
}

void OpPrinter::argument(Argument kind) {
  if (kind == Argument::None) return;
  if (kind >= Argument::NewFile) return file_argument(kind);
  memory_argument(kind);
}

void OpPrinter::memory_argument(Argument kind) {
  switch (kind) {
    case Argument::Bytes:
      return number(op_.n);
    case Argument::Count:
      return number(op_.m);
    case Argument::Delta:
      return word(std::to_string(static_cast<std::int64_t>(op_.n)));
    case Argument::Parameter:
      return parameter();
    case Argument::EndedName:
    case Argument::Place:
      return place(op_.to);
    case Argument::Source:
      return place(op_.from);
    case Argument::Range:
    case Argument::Block:
      return range();
    case Argument::Target:
      return target();
    case Argument::Backing:
      return word(op_.file == kNone ? "anon" : file());
    case Argument::Sharing:
      return word((op_.flags & flag::Shared) != 0 ? "shared" : "private");
    case Argument::Protection:
      return protection();
    case Argument::MmapOptions:
    case Argument::MremapOptions:
      return mmap_options();
    case Argument::OnfaultOption:
      return flag_word(flag::Onfault, "onfault");
    default:
      return word(word_of(advice_words(), op_.advice));
  }
}

void OpPrinter::file_argument(Argument kind) {
  switch (kind) {
    case Argument::NewFile:
    case Argument::File:
      return word(file());
    case Argument::FileOptions:
      return file_options();
    case Argument::FileRange:
    case Argument::FilePages:
      return file_range();
    case Argument::FilePage:
      return number(op_.n);
    case Argument::Setting:
      return setting();
    case Argument::ReadSource:
    case Argument::DirectFile:
      return word("from " + (op_.file == kNone ? std::string{"zero"} : file()));
    case Argument::WriteSink:
      flag_word(flag::NullSink, "to null");
      flag_word(flag::PipeSink, "to pipe");
      if (op_.file != kNone) word("to " + file());
      return;
    case Argument::PeerPlace:
      word(peer());
      return place(op_.to);
    default:
      return word(peer());
  }
}

void OpPrinter::range() {
  if (op_.pages == Op::kWholeRange) {
    Place whole = op_.to;
    whole.offset = 0;
    word(to_text(program_, whole) + "[..]");
    return;
  }
  Place start = op_.to;
  std::int64_t first = 0;
  if (start.base != Base::Absolute) {
    first = start.offset >> program_.page_shift;
    start.offset = 0;
  }
  word(fmt::format("{}[{}..{}{}]", to_text(program_, start), first, first + op_.pages - 1,
                   op_.step == 1 ? std::string{} : fmt::format(" by {}", op_.step)));
}

void OpPrinter::file_range() {
  word(file());
  if ((op_.flags & flag::WholeFile) != 0) return;
  const std::int64_t first = op_.to.offset >> program_.page_shift;
  text_ += fmt::format("[{}..{}]", first, first + op_.pages - 1);
}

void OpPrinter::target() {
  if (op_.pages == 0) {
    place(op_.to);
    if (op_.n != 1) number(op_.n);
    return;
  }
  range();
  flag_word(flag::Reverse, "reverse");
}

void OpPrinter::parameter() {
  const auto value = static_cast<std::int64_t>(op_.m);
  const auto known = word_of(parameter_words(), value);
  word(known.empty() ? std::to_string(value) : std::string{known});
}

void OpPrinter::protection() {
  std::string letters;
  if ((op_.prot & PROT_READ) != 0) letters += 'r';
  if ((op_.prot & PROT_WRITE) != 0) letters += 'w';
  if ((op_.prot & PROT_EXEC) != 0) letters += 'x';
  word(letters.empty() ? "none" : letters);
}

void OpPrinter::mmap_options() {
  flag_word(flag::Maymove, "maymove");
  if (op_.verb == Verb::Mmap && op_.m != 0) {
    word(fmt::format("from {}", op_.m >> program_.page_shift));
  }
  if ((op_.flags & flag::HasAddress) != 0) {
    word("at");
    place(op_.from);
  }
  for (const WordValue& option : mmap_words()) {
    flag_word(static_cast<std::uint32_t>(option.value), option.word);
  }
  flag_word(flag::Dontunmap, "dontunmap");
}

void OpPrinter::file_options() {
  flag_word(flag::Sparse, "sparse");
  flag_word(flag::Bulk, "bulk");
  flag_word(flag::Tmpfs, "on tmpfs");
}

void OpPrinter::setting() {
  const std::string& name = program_.settings[op_.file];
  word(name);
  if (value_of(word_settings(), name)) {
    word(word_of(setting_words(), static_cast<std::int64_t>(op_.n)));
  } else {
    number(op_.n);
  }
}

std::string signed_bytes(const char* word, const std::optional<std::int64_t>& value) {
  return value ? fmt::format(" {} {:+}", word, *value) : std::string{};
}

std::string base_text(const Program& program, const Place& place) {
  switch (place.base) {
    case Base::Name:
      return program.names[place.name];
    case Base::Heap:
      return "heap";
    case Base::Stack:
      return "stack";
    case Base::Text:
      return "text";
    case Base::Absolute:
      break;
  }
  return fmt::format("@0x{:x}", static_cast<std::uint64_t>(place.offset));
}

}  // namespace

std::string to_text(const Program& program, const Op& op) { return OpPrinter{program, op}.print(); }

std::string to_text(const Program& program, const Place& place) {
  std::string text = base_text(program, place);
  if (place.base == Base::Absolute || place.offset == 0) return text;
  const std::int64_t size = std::int64_t{1} << program.page_shift;
  if (place.offset > -size && place.offset < size) return text + fmt::format("{:+}", place.offset);
  text += fmt::format("[{}]", place.offset >> program.page_shift);
  const std::int64_t rest = place.offset & (size - 1);
  return rest == 0 ? text : text + fmt::format("+{}", rest);
}

std::string to_text(const Program& program, const Expectation& expected) {
  if (expected.fault) {
    const ExpectedFault& fault = *expected.fault;
    return fmt::format("expect fault {} {} {} {}{}", to_text(program, fault.place),
                       pagesim::to_string(fault.access), pagesim::to_string(fault.outcome),
                       pagesim::to_string(fault.cause),
                       fault.error_code ? fmt::format(" error_code {}", *fault.error_code) : "");
  }
  if (expected.at) return "expect at " + to_text(program, *expected.at);
  if (expected.pages_of) {
    std::string text = "expect pages " + to_text(program, *expected.pages_of);
    for (const std::string& state : expected.page_states) text += " " + state;
    return text;
  }
  std::string text = "expect";
  if (expected.minor) text += fmt::format(" minor {}", *expected.minor);
  if (expected.major) text += fmt::format(" major {}", *expected.major);
  text += signed_bytes("rss_anon", expected.rss_anon);
  text += signed_bytes("rss_file", expected.rss_file);
  text += signed_bytes("rss_shmem", expected.rss_shmem);
  text += signed_bytes("rss_swap", expected.rss_swap);
  text += signed_bytes("page_tables", expected.page_tables);
  if (expected.signal) text += " signal " + *expected.signal;
  if (expected.signal_code) text += " " + *expected.signal_code;
  text += signed_bytes("returned", expected.returned);
  if (expected.error) text += " error " + *expected.error;
  return text;
}

std::string to_text(const Program& program) {
  std::string text;
  std::uint32_t line = 1;
  const auto add = [&](std::uint32_t wanted, const std::string& content) {
    for (; line < wanted; ++line) text += '\n';
    text += content + '\n';
    ++line;
  };
  std::size_t next = 0;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    add(program.ops[i].line, to_text(program, program.ops[i]));
    for (; next < program.expectations.size() && program.expectations[next].op == i; ++next) {
      add(program.expectations[next].line, to_text(program, program.expectations[next]));
    }
  }
  return text;
}

}  // namespace tools::script
