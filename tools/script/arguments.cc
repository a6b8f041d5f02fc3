// Reads the arguments of a verb, one kind at a time.
#include <fmt/format.h>

#include "tools/script/line_parser.h"

namespace tools::script {

void LineParser::argument(Argument kind) {
  if (kind == Argument::None) return;
  if (kind <= Argument::Parameter) return number_argument(kind);
  if (kind <= Argument::Target) return place_argument(kind);
  if (kind <= Argument::Advice) return word_argument(kind);
  if (kind <= Argument::DirectFile) return file_argument(kind);
  task_argument(kind);
}

void LineParser::number_argument(Argument kind) {
  const auto verb = to_string(op_.verb);
  switch (kind) {
    case Argument::Bytes:
      op_.n = unsigned_number(fmt::format("a number of bytes for \"{}\"", verb));
      return;
    case Argument::Count:
      op_.m = unsigned_number(fmt::format("a number for \"{}\"", verb));
      return;
    case Argument::Delta:
      op_.n = static_cast<std::uint64_t>(signed_number(fmt::format("a number for \"{}\"", verb)));
      return;
    default:
      return parameter();
  }
}

void LineParser::place_argument(Argument kind) {
  switch (kind) {
    case Argument::EndedName:
      return ended_name();
    case Argument::Place:
      op_.to = place();
      return;
    case Argument::Source:
      op_.from = place();
      return;
    case Argument::Range:
      return range(false);
    case Argument::Block:
      return range(true);
    default:
      return target();
  }
}

void LineParser::word_argument(Argument kind) {
  switch (kind) {
    case Argument::Backing:
      return backing();
    case Argument::Sharing:
      return sharing();
    case Argument::Protection:
      return protection();
    case Argument::MmapOptions:
      return mmap_options();
    case Argument::MremapOptions:
      return mremap_options();
    case Argument::OnfaultOption:
      if (accept_word("onfault")) op_.flags |= flag::Onfault;
      return;
    default:
      return advice();
  }
}

void LineParser::file_argument(Argument kind) {
  switch (kind) {
    case Argument::NewFile:
      return new_file();
    case Argument::File:
      op_.file = existing_file();
      return;
    case Argument::FileOptions:
      return file_options();
    case Argument::FileRange:
      return file_range(false);
    case Argument::FilePages:
      return file_range(true);
    case Argument::FilePage:
      op_.n = unsigned_number("a page number of the file");
      return;
    case Argument::Setting:
      return setting();
    case Argument::ReadSource:
      return read_source();
    case Argument::WriteSink:
      return write_sink();
    default:
      if (!accept_word("from")) fail_expected("\"from\" and a file");
      op_.file = existing_file();
  }
}

void LineParser::task_argument(Argument kind) {
  switch (kind) {
    case Argument::PeerPlace:
      return peer_place();
    case Argument::NewProcess:
      return new_task(false);
    case Argument::NewThread:
      return new_task(true);
    case Argument::EndedProcess:
      return ended_task(false);
    default:
      return ended_task(true);
  }
}

void LineParser::ended_name() {
  const Token& name = expect_word(fmt::format("a name for \"{}\"", to_string(op_.verb)));
  if (is_base(name.text)) {
    fail(name, fmt::format("expected a name that a call returned, found \"{}\"", name.text));
  }
  if (const auto why = scope_->why_unusable(op_.process, name.text)) fail(name, *why);
  op_.to.base = Base::Name;
  op_.to.name = scope_->name_index(name.text);
  ended_name_ = name.text;
}

void LineParser::parameter() {
  if (peek().kind != Token::Kind::Word) {
    op_.m = static_cast<std::uint64_t>(signed_number("a parameter of mallopt"));
    return;
  }
  const Token& word = next();
  const auto value = value_of(parameter_words(), word.text);
  if (!value) {
    std::vector<std::string_view> words;
    for (const WordValue& known : parameter_words()) words.push_back(known.word);
    fail(word, fmt::format("mallopt has no parameter \"{}\"{}", word.text,
                           did_you_mean(word.text, words)));
  }
  op_.m = static_cast<std::uint64_t>(*value);
}

void LineParser::advice() {
  const Token& word = expect_word("an advice such as DONTNEED");
  const auto value = value_of(advice_words(), word.text);
  if (!value) {
    std::vector<std::string_view> words;
    for (const WordValue& known : advice_words()) words.push_back(known.word);
    fail(word,
         fmt::format("madvise has no advice \"{}\"{}", word.text, did_you_mean(word.text, words)));
  }
  op_.advice = static_cast<std::int32_t>(*value);
}

void LineParser::new_file() {
  const Token& name = expect_word("a name for the file");
  if (is_reserved_for_files(name.text)) {
    fail(name, fmt::format("no file can be called \"{}\": the word has a meaning", name.text));
  }
  if (scope_->find_file(name.text)) {
    fail(name, fmt::format("there is already a file \"{}\"", name.text));
  }
  op_.file = scope_->add_file(name.text);
}

std::uint32_t LineParser::existing_file() {
  const Token& name = expect_word("a file");
  const auto file = scope_->find_file(name.text);
  if (!file) {
    fail(name, fmt::format("there is no file \"{}\": make it with \"file {} SIZE\" first",
                           name.text, name.text));
  }
  return *file;
}

void LineParser::file_range(bool needs_pages) {
  const Token& start = peek();
  op_.file = existing_file();
  const Brackets pages = brackets();
  if (!pages.present && !needs_pages) {
    op_.flags |= flag::WholeFile;
    return;
  }
  const bool valid = pages.is_range && !pages.whole && pages.first >= 0 && pages.step == 1;
  if (!valid) fail(start, "expected pages of the file such as F[2..5]");
  apply(pages, start);
}

void LineParser::new_task(bool is_thread) {
  const Token& name = expect_word(is_thread ? "a name for the thread" : "a name for the process");
  if (scope_->find_task(name.text)) {
    fail(name, fmt::format("\"{}\" was already started: choose another name", name.text));
  }
  if (program_->processes.size() > 0xffff) fail(name, "a script has at most 65536 processes");
  op_.peer = scope_->start(op_.process, name.text, is_thread, op_.line);
}

void LineParser::ended_task(bool is_thread) {
  const Token& name = expect_word(is_thread ? "a thread" : "a process");
  const auto task = scope_->find_task(name.text);
  if (!task) fail(name, fmt::format("no process or thread \"{}\"", name.text));
  if (const auto why = scope_->why_dead(*task)) fail(name, *why);
  if (*task == 0) fail(name, "main ends with the script");
  if (*task == op_.process) fail(name, fmt::format("\"{}\" cannot end itself", name.text));
  if (program_->processes[*task].is_thread != is_thread) {
    fail(name,
         fmt::format("\"{}\" is a {}: write \"{} {}\"", name.text, is_thread ? "process" : "thread",
                     is_thread ? "exit" : "join", name.text));
  }
  op_.peer = *task;
  scope_->finish(*task, op_.line);
}

void LineParser::peer_place() {
  const Token& name = expect_word("a process");
  const auto task = scope_->find_task(name.text);
  if (!task) fail(name, fmt::format("no process \"{}\"", name.text));
  if (const auto why = scope_->why_dead(*task)) fail(name, *why);
  op_.peer = *task;
  places_of_ = *task;
  op_.to = place();
}

}  // namespace tools::script
