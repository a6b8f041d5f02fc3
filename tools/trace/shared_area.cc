// The recorder's end of the shared memory: makes it, and takes out what programs published.
#include "tools/trace/shared_area.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <system_error>

namespace tools::trace {
namespace {

using wire::Area;
using wire::Slot;
using wire::SlotState;

constexpr int kMakerMilliseconds = 50;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
           const timespec* timeout) {
  syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0);
}

/// Until `sleeper` is 0 or the time is over.
void sleep(std::atomic<std::uint32_t>& sleeper, int milliseconds) {
  sleeper.store(1);
  const timespec timeout{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  futex(sleeper, FUTEX_WAIT, 1, &timeout);
  sleeper.store(0);
}

void rouse(std::atomic<std::uint32_t>& sleeper) {
  sleeper.store(0);
  futex(sleeper, FUTEX_WAKE, INT_MAX, nullptr);
}

std::vector<std::string> split_command(const wire::ProcessEntry& entry) {
  std::vector<std::string> command;
  const std::size_t bytes = std::min<std::size_t>(entry.command_bytes, sizeof(entry.command));
  std::string argument;
  for (const char c : std::string_view{entry.command, bytes}) {
    if (c == '\0') {
      command.push_back(std::move(argument));
      argument.clear();
    } else {
      argument.push_back(c);
    }
  }
  if (!argument.empty()) command.push_back(std::move(argument));
  return command;
}

JoinedProcess joined(const wire::ProcessEntry& entry, std::uint32_t index) {
  return {.index = index,
          .pid = entry.pid,
          .parent_pid = entry.parent_pid,
          .forked_from = entry.forked_from,
          .token = entry.token,
          .heap_base = entry.heap_base,
          .time = entry.joined,
          .command = split_command(entry)};
}

/// At most an eighth of the memory is used for what the recorder has not yet read.
std::uint32_t segments_for_this_machine() {
  const auto pages = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES));
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(pages * page / 8 / wire::kSegmentBytes, 64, wire::kSegments));
}

}  // namespace

SharedArea::SharedArea(bool timed) {
  fd_ = memfd_create("faultline-record", MFD_CLOEXEC);
  if (fd_ < 0) fail("cannot make the memory shared with the program");
  if (ftruncate(fd_, sizeof(Area)) != 0) fail("cannot size the memory shared with the program");
  void* at =
      mmap(nullptr, sizeof(Area), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd_, 0);
  if (at == MAP_FAILED) fail("cannot map the memory shared with the program");
  area_ = static_cast<Area*>(at);
  area_->header.recorder_pid = getpid();
  area_->header.segment_limit = segments_for_this_machine();
  area_->header.timed = timed ? 1 : 0;
  area_->header.epoch.store(1);
  area_->header.magic = wire::kMagic;
  claimed_.resize(wire::kSlots);
}

SharedArea::~SharedArea() {
  munmap(area_, sizeof(Area));
  close(fd_);
}

std::string SharedArea::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
}

void SharedArea::wait(int milliseconds) { sleep(area_->header.sleeping, milliseconds); }

void SharedArea::wake() { rouse(area_->header.sleeping); }

void SharedArea::stop() {
  area_->header.stopped.store(1);
  area_->header.freed.fetch_add(1);
  futex(area_->header.freed, FUTEX_WAKE, INT_MAX, nullptr);
  rouse(area_->header.maker_sleeping);
}

std::uint32_t SharedArea::lost_threads() const { return area_->header.lost_threads.load(); }

std::uint32_t SharedArea::lost_processes() const {
  const std::uint32_t count = area_->header.process_count.load();
  return count - std::min(count, wire::kProcesses);
}

void SharedArea::make_segments() {
  auto& header = area_->header;
  while (header.stopped.load() == 0) {
    while (header.free_count.load() < 2 * wire::kFewSegments && make_segment()) {
    }
    sleep(header.maker_sleeping, kMakerMilliseconds);
  }
}

/// False: the pool may not grow, or the recording is over.
bool SharedArea::make_segment() {
  if (area_->header.stopped.load() != 0) return false;
  if (area_->header.fresh.load() >= area_->header.segment_limit) return false;
  const std::uint32_t index = area_->header.fresh.fetch_add(1);
  if (index >= area_->header.segment_limit) return false;
  madvise(&area_->segments[index], sizeof(wire::Segment), MADV_POPULATE_WRITE);
  wire::push_free(*area_, index);
  return true;
}

std::uint64_t SharedArea::tick() { return area_->header.epoch.fetch_add(1) + 1; }

std::vector<ClaimedSlot> SharedArea::newly_claimed() {
  std::vector<ClaimedSlot> found;
  const std::uint32_t used = area_->header.slots_used.load();
  for (std::uint32_t i = 0; i < used; ++i) {
    if (claimed_[i]) continue;
    const Slot& slot = area_->slots[i];
    const SlotState state = slot.state.load(std::memory_order_acquire);
    if (state != SlotState::Claimed && state != SlotState::Closing) continue;
    claimed_[i] = true;
    found.push_back({i, slot.process, slot.thread, slot.first_segment});
  }
  return found;
}

std::vector<JoinedProcess> SharedArea::newly_joined() {
  std::vector<JoinedProcess> found;
  const std::uint32_t count = std::min(area_->header.process_count.load(), wire::kProcesses);
  for (; seen_processes_ < count; ++seen_processes_) unready_.push_back(seen_processes_);
  std::erase_if(unready_, [&](std::uint32_t index) {
    const wire::ProcessEntry& entry = area_->processes[index];
    if (entry.ready.load(std::memory_order_acquire) == 0) return false;
    found.push_back(joined(entry, index));
    return true;
  });
  return found;
}

bool SharedArea::is_closing(std::uint32_t slot) const {
  return area_->slots[slot].state.load(std::memory_order_acquire) == SlotState::Closing;
}

bool SharedArea::is_dead(std::uint32_t slot) const {
  const std::uint32_t process = area_->slots[slot].process;
  const std::int32_t pid = area_->processes[process].pid;
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  // The process executed another program: its newest image is another entry.
  for (std::uint32_t i = process + 1; i < seen_processes_; ++i) {
    const wire::ProcessEntry& entry = area_->processes[i];
    if (entry.ready.load() != 0 && entry.pid == pid) return true;
  }
  return false;
}

void SharedArea::free_slot(std::uint32_t slot) {
  claimed_[slot] = false;
  area_->slots[slot].state.store(SlotState::Free, std::memory_order_release);
}

}  // namespace tools::trace
