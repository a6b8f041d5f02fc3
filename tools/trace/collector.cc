// Threads' calls in shared memory -> the processes' events, in a trace file.
#include "tools/trace/collector.h"

#include <limits>

namespace tools::trace {

/// A process and the chunk its events go to.
class Collector::Process final : public EventListener {
 public:
  Process(Collector& owner, const JoinedProcess& joined)
      : index{joined.index},
        token{joined.token},
        owner_{owner},
        encoder_{std::make_unique<ChunkEncoder>(joined.index, owner.addresses_)} {
    info.pid = joined.pid;
    info.parent_pid = joined.parent_pid;
    info.heap_base = joined.heap_base;
    info.command = joined.command;
    times.joined = joined.time;
  }

  void on_event(const Event& event) override {
    ++owner_.by_verb_[static_cast<std::size_t>(event.verb)];
    if (event.time != 0) times.events.push_back(event.time);
    encoder_->put(event);
    if (encoder_->size() == kChunkEvents) write();
  }

  void on_fork(std::uint64_t fork_token, const Heap& heap) override {
    owner_.forks_[fork_token] = {heap, log.merged};
  }

  /// Writes out what there is and starts a new chunk.
  void write() {
    if (!encoder_) return;
    if (encoder_->size() != 0) owner_.writer_.write(*encoder_);
    owner_.events_ += encoder_->size();
    encoder_->begin(log.merged, log.heap.next_block);
  }

  /// Lets go of what an ended process held.
  void close() {
    write();
    encoder_.reset();
    log.heap.live = {};
  }

  std::uint32_t index;
  std::uint64_t token;
  ProcessInfo info;
  ImageTimes times;
  std::uint32_t slots = 0;  ///< it has claimed
  bool bound = false;       ///< its heap was taken over from its parent, its chunk is written
  ProcessLog log{*this};

 private:
  Collector& owner_;
  std::unique_ptr<ChunkEncoder> encoder_;
};

Collector::Collector(SharedArea& area, TraceWriter& writer, bool addresses)
    : area_{area}, writer_{writer}, addresses_{addresses} {}
Collector::~Collector() = default;

void Collector::visit(bool look_for_dead) {
  const std::uint64_t epoch = area_.tick();
  meet();
  for (auto& [index, process] : processes_) merge(*process, epoch);
  free_slots(look_for_dead);
}

void Collector::meet() {
  const std::vector<ClaimedSlot> claimed = area_.newly_claimed();
  for (const JoinedProcess& joined : area_.newly_joined()) join(joined);
  for (const ClaimedSlot& slot : claimed) {
    const auto found = processes_.find(slot.process);
    if (found == processes_.end()) continue;
    found->second->log.add(slot.thread, RawStream{area_.area(), slot.first_segment});
    ++found->second->slots;
    claimed_.push_back(slot);
  }
}

void Collector::free_slots(bool look_for_dead) {
  std::erase_if(claimed_, [&](const ClaimedSlot& claimed) {
    // First whether it ended, then whether there is more: nothing comes after the end.
    if (!area_.is_closing(claimed.slot) && !(look_for_dead && area_.is_dead(claimed.slot))) {
      return false;
    }
    Process& process = *processes_.at(claimed.process);
    if (!process.log.is_drained(claimed.thread)) return false;
    process.log.release(claimed.thread);
    area_.free_slot(claimed.slot);
    if (--process.slots == 0 && look_for_dead) process.close();
    return true;
  });
}

void Collector::flush() {
  for (auto& [index, process] : processes_) {
    if (process->bound) process->write();
  }
}

void Collector::finish() {
  meet();
  for (auto& [index, process] : processes_) {
    merge(*process, std::numeric_limits<std::uint64_t>::max());
    bind(*process);
    process->write();
    losses_.unmatched_frees += process->log.unmatched_frees;
    losses_.inferred_frees += process->log.inferred_frees;
  }
  losses_.threads = area_.lost_threads();
  losses_.processes = area_.lost_processes();
  writer_.finish(events_, losses_);
}

std::vector<ProcessInfo> Collector::processes() const {
  std::vector<ProcessInfo> infos;
  for (const auto& [index, process] : processes_) {
    infos.push_back(process->info);
    infos.back().events = process->log.merged;
    infos.back().threads = process->log.threads();
  }
  return infos;
}

std::map<std::uint32_t, ImageTimes> Collector::take_times() {
  std::map<std::uint32_t, ImageTimes> all;
  for (auto& [index, process] : processes_) all.emplace(index, std::move(process->times));
  return all;
}

std::vector<std::uint64_t> Collector::by_verb() const { return {by_verb_.begin(), by_verb_.end()}; }

std::int64_t Collector::newest_of(std::int32_t pid) const {
  const auto found = by_pid_.find(pid);
  return found == by_pid_.end() ? -1 : std::int64_t{found->second};
}

void Collector::join(const JoinedProcess& joined) {
  auto process = std::make_unique<Process>(*this, joined);
  if (joined.forked_from != wire::kNone) {
    process->info.forked_from = joined.forked_from;
  } else {
    const std::int64_t before = newest_of(joined.pid);
    process->info.executed_from = before >= 0 ? before : newest_of(joined.parent_pid);
  }
  by_pid_[joined.pid] = joined.index;
  processes_.emplace(joined.index, std::move(process));
}

/// A forked child starts with its parent's blocks. Done at its first calls: the parent's fork has
/// been merged by then, as it happened before them.
void Collector::bind(Process& process) {
  if (process.bound) return;
  process.bound = true;
  const auto parent = processes_.find(static_cast<std::uint32_t>(process.info.forked_from));
  if (const auto fork = forks_.find(process.token); fork != forks_.end()) {
    process.log.heap = std::move(fork->second.heap);
    process.info.fork_event = fork->second.event;
    forks_.erase(fork);
  } else if (process.info.forked_from >= 0 && parent != processes_.end()) {
    process.log.heap = parent->second->log.heap;  // a clone that no fork handler saw
    process.info.fork_event = parent->second->log.merged;
  }
  process.info.first_block = process.log.heap.next_block;
  writer_.write(process.index, process.info);
  process.write();  // nothing yet: tells the encoder where it starts
}

void Collector::merge(Process& process, std::uint64_t epoch) {
  if (!process.log.has_calls_before(epoch)) return;
  bind(process);
  process.log.merge(epoch);
}

}  // namespace tools::trace
