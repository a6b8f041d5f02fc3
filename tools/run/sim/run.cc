// One run of a program on a new simulated machine.
#include "tools/run/sim/run.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "allocator/memory.h"
#include "pagesim/signals.h"
#include "tools/run/sim/settings.h"

namespace tools::run::sim {
namespace {

using pagesim::Access;
using pagesim::SignalInfo;
using pagesim::Task;
using pagesim::VirtAddr;
using script::Op;
using script::Verb;

/// si_code of a signal a thread sends itself, as abort does.
constexpr int kSiTkill = -6;

pagesim::Counters operator-(const pagesim::Counters& a, const pagesim::Counters& b) {
  return {a.minor - b.minor, a.major - b.major, a.exceptions - b.exceptions};
}

bool is_allocator_call(Verb verb) { return verb <= Verb::Mallopt; }
bool is_address_space_call(Verb verb) { return verb >= Verb::Mmap && verb <= Verb::Brk; }
bool is_file_call(Verb verb) { return verb >= Verb::Cache && verb <= Verb::Rewrite; }
bool is_access(Verb verb) { return verb >= Verb::Read && verb <= Verb::Fill; }
bool changes_tasks(Verb verb) { return verb >= Verb::Fork && verb != Verb::VforkWrite; }

}  // namespace

Run::Run(const script::Program& program, const RunOptions& options, const SimSetup& setup,
         SimWitness* witness)
    : program_{program},
      options_{options},
      setup_{setup},
      witness_{witness},
      machine_{setup.config, setup.profile},
      actors_(program.processes.size()),
      files_(program.files.size()) {
  merges_pages_ = program.has(Verb::KsmScan);
  outcome_.ops.resize(program.ops.size());
  outcome_.has_addresses = true;
  outcome_.has_causes = true;
  outcome_.heap_base = setup.layout.heap.raw();
  outcome_.stack_base = setup.layout.stack_top.raw() - setup.layout.stack_bytes;
  outcome_.text_base = setup.layout.text.raw();
  outcome_.globals_base = setup.layout.globals.raw();
  Actor& first = actors_[0];
  first.task = &machine_.boot(setup.layout);
  first.space = std::make_shared<Space>();
  first.space->names.resize(program.names.size());
  first.alive = true;
  touch_text(*first.task);
  touch_own_pages(*first.task);
  resident_at_start_ = first.task->peak_rss();
  tlb_at_start_ = machine_.tlb_use();
  collect_probes();
}

RunOutcome Run::outcome() && {
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    step(i);
    if (witness_ != nullptr) witness_->after(i, *this);
  }
  for (const Actor& actor : actors_) {
    if (actor.alive) remember_peak(*actor.task);
  }
  outcome_.tlb = tlb_so_far();
  return std::move(outcome_);
}

/// Touches each page of a region without a record and without changing a byte of it.
void Run::touch_quietly(Task& task, VirtAddr at, std::size_t bytes, Access access) {
  machine_.ledger().keep_records(false);
  const std::size_t page = setup_.config.geometry.page_size();
  for (std::size_t i = 0; i < bytes; i += page) {
    if (access == Access::Write) {
      task.cas_fail(at + i, 1);
    } else {
      task.touch(at + i, 1, access);
    }
  }
}

void Run::touch_text(Task& task) {
  touch_quietly(task, setup_.layout.text, setup_.layout.text_bytes, Access::Read);
}

/// The pages a program cannot run without: its stack and its thread-local page.
void Run::touch_own_pages(Task& task) {
  touch_quietly(task, VirtAddr{outcome_.stack_base}, setup_.layout.stack_bytes, Access::Write);
  touch_quietly(task, task.thread_locals(), setup_.layout.thread_bytes, Access::Write);
}

void Run::step(std::size_t index) {
  const Op& op = program_.ops[index];
  Actor& actor = actors_[op.process];
  log_.clear();
  if (!actor.alive) return;
  outcome_.ops[index].ran = true;
  if (changes_tasks(op.verb)) {
    outcome_.ops[index].first_fault = outcome_.faults.size();
    change_tasks(op, actor);
  } else {
    measure(actor, index);
  }
  answer_probes(index);
}

void Run::measure(Actor& actor, std::size_t index) {
  OpOutcome& result = outcome_.ops[index];
  Task& task = *actor.task;
  Call call = make_call(program_.ops[index], actor, result);
  if (witness_ != nullptr && witness_->reads_logs()) call.log = &log_;
  const pagesim::Rss rss_before = options_.with_rss ? task.rss() : pagesim::Rss{};
  machine_.ledger().clear_records();
  machine_.ledger().keep_records(options_.with_faults);
  const pagesim::Counters before = task.counters();
  perform_guarded(actor, call, index);
  const pagesim::Counters own = task.counters() - before;
  result.minor = static_cast<std::uint32_t>(own.minor + call.elsewhere.minor);
  result.major = static_cast<std::uint32_t>(own.major + call.elsewhere.major);
  outcome_.total.minor += result.minor;
  outcome_.total.major += result.major;
  outcome_.total.exceptions += own.exceptions + call.elsewhere.exceptions;
  file_faults(index);
  if (options_.with_rss && actor.alive) {
    outcome_.rss.emplace_back(index, task.rss() - rss_before);
  }
}

/// The process of a fault is the task that is or started it: what a script calls a process.
void Run::file_faults(std::size_t index) {
  OpOutcome& result = outcome_.ops[index];
  std::uint32_t process = program_.ops[index].process;
  while (program_.processes[process].is_thread) process = program_.processes[process].parent;
  result.first_fault = outcome_.faults.size();
  for (pagesim::FaultRecord record : machine_.ledger().records()) {
    record.sequence = outcome_.faults.size();
    record.process = process;
    outcome_.faults.push_back(record);
  }
  result.fault_count = static_cast<std::uint32_t>(outcome_.faults.size() - result.first_fault);
}

/// Runs the call; a signal is a result.
void Run::perform_guarded(Actor& actor, Call& call, std::size_t index) {
  try {
    perform(call);
  } catch (const pagesim::SignalRaised& signal) {
    end_by_signal(actor, index, signal.info, true);
  } catch (const pagesim::ProgramAborted& aborted) {
    outcome_.abort_message = aborted.what();
    end_by_signal(actor, index, {SIGABRT, kSiTkill, VirtAddr{}, 0, 0}, false);
  } catch (const pagesim::OutOfMemoryKill&) {
    end_by_signal(actor, index, {SIGKILL, SI_KERNEL, VirtAddr{}, 0, 0}, false);
  }
}

void Run::end_by_signal(Actor& actor, std::size_t index, const SignalInfo& signal,
                        bool survivable) {
  outcome_.signals.emplace_back(index, signal);
  if (survivable && options_.keep_going) return;
  end_process(actor);
}

void Run::perform(Call& call) {
  const Op& op = call.op;
  if (is_allocator_call(op.verb)) {
    run_allocator(call, setup_.allocator);
  } else if (is_address_space_call(op.verb)) {
    run_address_space(call);
  } else if (is_access(op.verb)) {
    run_access(call);
  } else if (op.verb == Verb::File) {
    files_[op.file] = create_file(machine_, program_.files[op.file], op);
  } else if (is_file_call(op.verb)) {
    run_file(call, machine_);
  } else if (op.verb == Verb::Swapout) {
    take_error(call, call.task.swapout(call.to, call.length));
  } else if (op.verb == Verb::Sysctl) {
    change_setting(call);
  } else if (op.verb == Verb::KsmScan) {
    machine_.ksm_scan();
  } else if (op.verb == Verb::NumaScan) {
    take_error(call, call.task.numa_scan(call.to, call.length));
  } else {
    const bool has_peer = op.peer != script::kNone && actors_[op.peer].alive;
    run_kernel_copy(call, has_peer ? actors_[op.peer].task : nullptr);
  }
}

void Run::change_setting(Call& call) {
  const std::string& name = program_.settings[call.op.file];
  apply_setting(name, call.op.n, setup_.config.geometry, machine_.profile());
  if (name == kMemoryLimit) call.result->error = machine_.limit_memory();
}

void Run::change_tasks(const Op& op, Actor& actor) {
  Actor& peer = actors_[op.peer];
  if (op.verb == Verb::Exit) {
    if (peer.alive) end_process(peer);
    return;
  }
  if (op.verb == Verb::Join) {
    if (!peer.alive) return;
    machine_.ledger().keep_records(false);
    leave_allocator(*peer.task, setup_.allocator);
    machine_.exit(*peer.task);
    peer.alive = false;
    return;
  }
  machine_.ledger().keep_records(false);
  const bool is_thread = op.verb == Verb::Thread;
  peer.task =
      is_thread ? &machine_.clone_thread(*actor.task) : &fork(*actor.task, setup_.allocator);
  peer.space = is_thread ? actor.space : std::make_shared<Space>(*actor.space);
  peer.alive = true;
  if (!is_thread) touch_text(*peer.task);
  touch_own_pages(*peer.task);
  for (Actor& each : actors_)
    if (each.alive && each.space == actor.space) touch_own_pages(*each.task);
}

void Run::end_process(Actor& actor) {
  remember_peak(*actor.task);
  machine_.exit_group(*actor.task);
  const auto ended = actor.space;
  for (Actor& other : actors_) {
    if (other.space == ended) other.alive = false;
  }
}

void Run::remember_peak(const Task& task) {
  const auto peak =
      static_cast<std::uint64_t>(std::max<std::int64_t>(task.peak_rss() - resident_at_start_, 0));
  outcome_.peak_rss = std::max(outcome_.peak_rss.value_or(0), peak);
}

Call Run::make_call(const Op& op, Actor& actor, OpOutcome& result) const {
  const bool in_peer = op.peer != script::kNone && actors_[op.peer].space != nullptr;
  const Space& place_space = in_peer ? *actors_[op.peer].space : *actor.space;
  Call call{op, *actor.task, *actor.space, {}, {}, 0, {}, &result, {}, merges_pages_, {}, nullptr};
  if (op.verb != Verb::Sysctl && op.file != script::kNone) call.file = files_[op.file];
  call.to = resolve(op.to, place_space);
  call.from = resolve(op.from, place_space);
  call.block = block_of(op.to, place_space);
  call.length = op.pages == 0 ? op.n
                : op.pages == Op::kWholeRange
                    ? call.block.length
                    : static_cast<std::uint64_t>(op.pages) << program_.page_shift;
  return call;
}

Block Run::block_of(const script::Place& place, const Space& space) const {
  return place.base == script::Base::Name ? space.names[place.name] : Block{};
}

VirtAddr Run::resolve(const script::Place& place, const Space& space) const {
  std::uint64_t base = 0;
  switch (place.base) {
    case script::Base::Absolute:
      break;
    case script::Base::Name:
      base = space.names[place.name].address;
      break;
    case script::Base::Heap:
      base = outcome_.heap_base;
      break;
    case script::Base::Stack:
      base = outcome_.stack_base;
      break;
    case script::Base::Text:
      base = outcome_.text_base;
      break;
  }
  const std::uint64_t address = base + static_cast<std::uint64_t>(place.offset);
  const bool wraps = setup_.config.geometry.is_32_bit();
  return VirtAddr{wraps ? address & 0xffff'ffff : address};
}

void Run::collect_probes() {
  probes_ = all_probes(program_, options_);
  outcome_.pages.resize(probes_.size());
  outcome_.cached.resize(options_.cache_probes.size());
  for (std::size_t i = 0; i < probes_.size(); ++i) probes_after_.emplace(probes_[i].op, i);
}

void Run::answer_probes(std::size_t index) {
  const auto [first, last] = probes_after_.equal_range(index);
  for (auto at = first; at != last; ++at) outcome_.pages[at->second] = answer(probes_[at->second]);
  for (std::size_t i = 0; i < options_.cache_probes.size(); ++i) {
    const CacheProbe& probe = options_.cache_probes[i];
    const auto& file = files_[probe.file];
    if (probe.op == index && file) outcome_.cached[i] = file->cached_runs();
  }
}

PageStates Run::answer(const Probe& probe) const {
  PageStates states;
  states.op = probe.op;
  states.process = probe.process;
  const Actor& actor = actors_[probe.process];
  if (!actor.alive) return states;
  const VirtAddr start = resolve(probe.to, *actor.space);
  for (std::int64_t i = 0; i < probe.pages; ++i) {
    const VirtAddr at = start + (static_cast<std::size_t>(i) << program_.page_shift);
    states.states.emplace_back(pagesim::to_string(actor.task->page_state(at)));
    states.letters.push_back(actor.task->page_letters(at));
  }
  return states;
}

}  // namespace tools::run::sim
