// What each operation did and changed, as columns of numbers.
#include "tools/explain/page/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "allocator/params.h"
#include "tools/explain/page/sentence.h"
#include "tools/report/run_text.h"

namespace tools::explain {
namespace {

using pagesim::VirtAddr;
using script::Verb;

constexpr std::size_t kThorough =
    2000;  ///< operations: of longer programs only what changed is looked at

std::int64_t signed_name(std::uint32_t name) {
  return name == script::kNone ? -1 : static_cast<std::int64_t>(name);
}

/// The name that stands for nothing any more; -1: none.
std::int64_t ended_by(const Step& step) {
  const script::Op& done = step.op();
  const bool ends = step.outcome().ran && step.outcome().error == 0 &&
                    (done.verb == Verb::Free || done.verb == Verb::Munmap ||
                     (done.verb == Verb::Realloc && done.to.name != done.result));
  return ends ? signed_name(done.to.name) : -1;
}

/// 0: as expected; else 1: none, or two more than the name.
std::int64_t unless(std::int64_t expected, std::int64_t name) {
  return name == expected ? 0 : name + 2;
}

/// Faults that change their own page and no other.
bool is_local(const pagesim::FaultRecord& fault) {
  using pagesim::Cause;
  return fault.cause == Cause::FirstWrite || fault.cause == Cause::ZeroRead ||
         fault.cause == Cause::ZeroUpgrade;
}

/// Whether it changes nothing but memory, by loads and stores and what malloc asks of the kernel.
bool is_plain(Verb verb) {
  return verb <= Verb::Free || (verb >= Verb::Read && verb <= Verb::Fill);
}

/// The bytes whose pages a system call took away or moved; none for one that did neither.
std::pair<VirtAddr, std::uint64_t> taken_by(const run::sim::Note& note) {
  using run::sim::SystemCall;
  if (note.call == SystemCall::Brk) {
    const auto by = static_cast<std::int64_t>(note.a);
    return {VirtAddr{note.b}, by < 0 ? static_cast<std::uint64_t>(-by) : 0};
  }
  const bool takes = note.call == SystemCall::Munmap || note.call == SystemCall::Madvise;
  return {VirtAddr{note.a}, takes ? note.b : 0};
}

/// Whether a decision has a number that JavaScript has not.
bool has_long_number(const Step& step) {
  constexpr auto kMost = static_cast<std::uint64_t>(kExact);
  return std::any_of(step.notes().begin(), step.notes().end(), [](const run::sim::Note& note) {
    return note.a > kMost || note.b > kMost || note.c > kMost;
  });
}

std::int64_t code_of(const pagesim::FaultRecord& fault) {
  if (fault.esr != 0) return fault.esr;
  return fault.error_code ? *fault.error_code : -1;
}

bool continues(const pagesim::FaultRecord& a, const pagesim::FaultRecord& b, std::size_t distance) {
  return b.address == a.address + distance && a.access == b.access && a.mode == b.mode &&
         a.outcome == b.outcome && a.cause == b.cause && a.tag == b.tag && code_of(a) == code_of(b);
}

template <class Word>
nlohmann::json words(Word last) {
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) {
    list.push_back(to_string(Word{static_cast<std::uint8_t>(i)}));
  }
  return list;
}

nlohmann::json geometry_of(const pagesim::hardware::Geometry& geometry) {
  nlohmann::json levels = nlohmann::json::array();
  for (unsigned level = 0; level < geometry.levels; ++level) {
    levels.push_back({{"name", geometry.level_name(level)},
                      {"shift", geometry.shift(level)},
                      {"bits", geometry.index_bits[level]}});
  }
  return {{"page_shift", geometry.page_shift},
          {"levels", levels},
          {"entry_bytes", geometry.entry_bytes},
          {"arm64", geometry.arch == pagesim::hardware::Arch::Arm64}};
}

template <class Spaces, class Locals>
nlohmann::json tasks_json(const script::Program& program, const Spaces& spaces,
                          const Locals& locals) {
  nlohmann::json tasks = nlohmann::json::array();
  for (std::size_t i = 0; i < program.processes.size(); ++i) {
    const script::Task& task = program.processes[i];
    tasks.push_back({{"name", task.name},
                     {"space", spaces[i]},
                     {"thread", task.is_thread},
                     {"locals", locals[i]}});
  }
  return tasks;
}

nlohmann::json signals_json(const run::RunOutcome& outcome) {
  nlohmann::json signals = nlohmann::json::array();
  for (const auto& [op, signal] : outcome.signals) {
    signals.push_back({op, report::signal_text(signal)});
    if (outcome.abort_message && op == outcome.signals.back().first) {
      signals.back()[1] = signals.back()[1].get<std::string>() + ": " + *outcome.abort_message;
    }
  }
  return signals;
}

}  // namespace

Recording::Recording(const script::Program& program)
    : program_{program},
      reader_{program.names},
      deeds_{program, changes_.texts},
      space_numbers_(program.processes.size()),
      locals_(program.processes.size()) {
  spaces_.push_back(std::make_unique<Space>(0, changes_));
}

void Recording::take(const Step& step) {
  const script::Op& done = step.op();
  if (done.verb == Verb::Fork && step.outcome().ran) {
    space_numbers_[done.peer] = spaces_.size();
    const auto number = static_cast<std::int64_t>(spaces_.size());
    spaces_.push_back(std::make_unique<Space>(space_of(done.process).forked(number)));
  }
  if (done.verb == Verb::Thread) space_numbers_[done.peer] = space_numbers_[done.process];
  const bool has_text = done.line >= 1 && done.line <= program_.source.size();
  const LineWords line = has_text ? reader_.read(program_.source[done.line - 1]) : LineWords{};
  const std::int64_t ended = ended_by(step);
  deeds_.take(step, line, ended, space_of(done.process));
  look(step);
  take_outcome(step, line, ended);
  take_faults(step);
  take_why(step);
  changes_.end_step();
}

bool Recording::needs_close_look(const Step& step) const {
  using run::sim::Note;
  if (program_.ops.size() <= kThorough || step.index() == 0 || !is_plain(step.op().verb)) {
    return true;
  }
  const auto moves = [](const Note& note) {
    return note.kind == Note::Kind::SystemCall && note.call == run::sim::SystemCall::Mremap;
  };
  return !std::all_of(step.faults().begin(), step.faults().end(), is_local) ||
         std::any_of(step.notes().begin(), step.notes().end(), moves);
}

void Recording::look(const Step& step) {
  if (needs_close_look(step)) return look_closely(step);
  const pagesim::Task* const task = step.task();
  if (task != nullptr) look_where_told(step, *task);
}

/// At what the faults, the stores and the system calls of the operation name.
void Recording::look_where_told(const Step& step, const pagesim::Task& task) {
  using run::sim::Note;
  Space& space = space_of(step.op().process);
  bool areas_changed = false;
  for (const Note& note : step.notes()) {
    if (note.kind != Note::Kind::SystemCall) continue;
    areas_changed = true;
    const auto [at, bytes] = taken_by(note);
    space.look_at_pages_in(task, at, bytes);
    space.look_at_words_in(task, at, bytes);
  }
  if (areas_changed) space.look_at_areas(task, step.run().setup().layout);
  for (const pagesim::FaultRecord& fault : step.faults()) space.look_at_page(task, fault.address);
  take_words(step, task);
}

void Recording::look_closely(const Step& step) {
  for (std::uint32_t i = 0; i < program_.processes.size(); ++i) {
    const pagesim::Task* const task = step.run().task(i);
    if (task == nullptr) continue;
    locals_[i] = task->thread_locals().raw();
    if (program_.processes[i].is_thread) continue;
    space_of(i).look_at_areas(*task, step.run().setup().layout);
    space_of(i).look_at_pages(*task);
    space_of(i).look_at_known_words(*task);
  }
  if (step.task() != nullptr) take_words(step, *step.task());
}

void Recording::take_words(const Step& step, const pagesim::Task& task) {
  Space& space = space_of(step.op().process);
  for (const run::sim::LoggedAccess& access : step.accesses()) {
    if (access.access != pagesim::Access::Write) continue;
    if (is_word(access)) {
      space.look_at_word(task, access.at);
    } else {
      space.look_at_words_in(task, access.at, access.bytes);
    }
  }
}

void Recording::take_outcome(const Step& step, const LineWords& line, std::int64_t ended) {
  const script::Op& done = step.op();
  const run::OpOutcome& outcome = step.outcome();
  steps_.add({done.line, done.process, unless(line.result, signed_name(done.result)),
              unless(line.ended, ended), outcome.minor, outcome.major, outcome.error,
              outcome.returned, outcome.ran ? 1 : 0});
}

void Recording::take_faults(const Step& step) {
  const std::size_t page = std::size_t{1} << program_.page_shift;
  const auto faults = step.faults();
  for (std::size_t i = 0; i < faults.size();) {
    const pagesim::FaultRecord& fault = faults[i];
    std::size_t run = 1;
    while (i + run < faults.size() && continues(faults[i + run - 1], faults[i + run], page)) ++run;
    const std::string place = step.places().text(step.op().process, fault.address);
    faults_.add({static_cast<std::int64_t>(fault.address.raw()), static_cast<std::int64_t>(run),
                 fault.access ? static_cast<std::int64_t>(*fault.access) : -1,
                 static_cast<std::int64_t>(fault.mode), static_cast<std::int64_t>(fault.outcome),
                 static_cast<std::int64_t>(fault.cause),
                 static_cast<std::int64_t>(allocator::writer_of(fault.tag)), code_of(fault),
                 changes_.texts.number(place)});
    i += run;
  }
  faults_.end_step();
}

void Recording::take_why(const Step& step) {
  if (!step.faults().empty() || has_long_number(step)) {
    for (const std::string& line : step.why()) {
      const CutSentence cut = cut_numbers(line);
      why_.add({changes_.texts.number(cut.text)});
      for (const std::int64_t number : cut.numbers) why_numbers_.add({number});
    }
  }
  why_.end_step();
  why_numbers_.end_step();
}

std::string Recording::json(const ScriptHeader& header, const run::RunOutcome& outcome,
                            const run::SimSetup& setup, const std::string& difference,
                            const std::string& tries) const {
  const nlohmann::json head = {{"name", program_.path},
                               {"title", header.title},
                               {"paragraphs", header.paragraphs},
                               {"look", header.looks},
                               {"machine", setup.machine},
                               {"difference", difference},
                               {"geometry", geometry_of(setup.config.geometry)},
                               {"source", program_.source},
                               {"first_line", header_lines(program_.source) + 1},
                               {"names", program_.names},
                               {"tasks", tasks_json(program_, space_numbers_, locals_)},
                               {"signals", signals_json(outcome)},
                               {"heap", outcome.heap_base},
                               {"globals", outcome.globals_base},
                               {"thread", setup.layout.thread_locals.raw()},
                               {"writers", words<allocator::Writer>(allocator::Writer::Kernel)},
                               {"causes", words<pagesim::Cause>(pagesim::Cause::Unknown)},
                               {"accesses", words<pagesim::Access>(pagesim::Access::Execute)},
                               {"modes", words<pagesim::Mode>(pagesim::Mode::Gup)},
                               {"outcomes", words<pagesim::Outcome>(pagesim::Outcome::Signal)}};
  std::string text = head.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.pop_back();
  const auto put = [&](const char* name, const std::string& json) {
    text += fmt::format(",\"{}\":", name) + json;
  };
  put("texts", changes_.texts.json());
  put("steps", steps_.json());
  put("faults", faults_.json());
  put("deeds", deeds_.json());
  put("why", why_.json());
  put("numbers", why_numbers_.json());
  put("areas", changes_.areas.json());
  put("pages", changes_.pages.json());
  put("entries", changes_.entries.json());
  put("words", changes_.words.json());
  put("tries", tries);
  return text + '}';
}

}  // namespace tools::explain
