// WatchedMemory: a simulated memory that logs what the allocator does to it, and why.
#pragma once

#include "pagesim/sim_memory.h"
#include "tools/run/sim/call_log.h"

namespace tools::run::sim {

/// A task, and the log of the operation it is at.
struct Watched {
  pagesim::SimMemory memory;
  CallLog& log;
};

/// A handle; what it points to must outlive it. Otherwise as SimMemory.
class WatchedMemory {
 public:
  using VirtAddr = pagesim::VirtAddr;
  using AccessTag = pagesim::AccessTag;

  explicit WatchedMemory(const Watched& watched) noexcept : watched_{&watched} {}

  template <class T>
  [[nodiscard]] T load(VirtAddr at, AccessTag tag = {}) const {
    return log().access(task(), {at, sizeof(T), pagesim::Access::Read, tag},
                        [&] { return memory().load<T>(at, tag); });
  }
  template <class T>
  void store(VirtAddr at, T value, AccessTag tag = {}) const {
    log().access(task(), {at, sizeof(T), pagesim::Access::Write, tag},
                 [&] { memory().store<T>(at, value, tag); });
  }
  void copy(VirtAddr to, VirtAddr from, std::size_t n, AccessTag tag = {}) const {
    log().copy(task(), {from, n, pagesim::Access::Read, tag}, {to, n, pagesim::Access::Write, tag},
               [&] { memory().copy(to, from, n, tag); });
  }
  void fill(VirtAddr to, std::uint8_t byte, std::size_t n, AccessTag tag = {}) const {
    log().access(task(), {to, n, pagesim::Access::Write, tag},
                 [&] { memory().fill(to, byte, n, tag); });
  }
  void note(allocator::Decision decision, std::uint64_t a, std::uint64_t b, std::uint64_t c) const {
    log().note(decision, a, b, c);
  }

  [[nodiscard]] VirtAddr sbrk(std::ptrdiff_t delta) const {
    const VirtAddr old = memory().sbrk(delta);
    const VirtAddr now = old.is_null() ? old : old + static_cast<std::size_t>(delta);
    if (delta != 0) log().note(SystemCall::Brk, static_cast<std::uint64_t>(delta), now.raw(), 0);
    return old;
  }
  [[nodiscard]] VirtAddr mmap(VirtAddr hint, std::size_t n, int prot, int flags) const {
    const VirtAddr at = memory().mmap(hint, n, prot, flags);
    log().note(SystemCall::Mmap, at.raw(), n, at.raw());
    return at;
  }
  bool munmap(VirtAddr at, std::size_t n) const {
    return noted(SystemCall::Munmap, at, n, memory().munmap(at, n));
  }
  [[nodiscard]] VirtAddr mremap(VirtAddr at, std::size_t old_size, std::size_t new_size) const {
    const VirtAddr now = memory().mremap(at, old_size, new_size);
    log().note(SystemCall::Mremap, at.raw(), new_size, now.raw());
    return now;
  }
  bool mprotect(VirtAddr at, std::size_t n, int prot) const {
    return noted(SystemCall::Mprotect, at, n, memory().mprotect(at, n, prot));
  }
  bool madvise(VirtAddr at, std::size_t n, int advice) const {
    return noted(SystemCall::Madvise, at, n, memory().madvise(at, n, advice));
  }

  /// Locks are words that the processor changes at once; nobody asks of them.
  void lock(VirtAddr word) const { memory().lock(word); }
  [[nodiscard]] bool try_lock(VirtAddr word) const { return memory().try_lock(word); }
  void unlock(VirtAddr word) const { memory().unlock(word); }

  [[nodiscard]] std::size_t page_size() const noexcept { return memory().page_size(); }
  [[nodiscard]] VirtAddr globals() const noexcept { return memory().globals(); }
  [[nodiscard]] VirtAddr thread_locals() const noexcept { return memory().thread_locals(); }
  [[nodiscard]] std::size_t mincore(VirtAddr at, std::size_t n) const {
    return memory().mincore(at, n);
  }
  [[nodiscard]] std::uint64_t random() const { return memory().random(); }
  [[nodiscard]] unsigned online_cpus() const noexcept { return memory().online_cpus(); }
  [[nodiscard]] bool overcommit_never() const noexcept { return memory().overcommit_never(); }
  [[nodiscard]] std::size_t thp_size() const noexcept { return memory().thp_size(); }
  [[nodiscard]] std::size_t hugetlb_size(std::size_t n) const noexcept {
    return memory().hugetlb_size(n);
  }
  [[nodiscard]] std::string_view environment(const char* name) const noexcept {
    return memory().environment(name);
  }
  [[nodiscard]] bool single_threaded() const noexcept { return memory().single_threaded(); }
  [[nodiscard]] int error() const noexcept { return memory().error(); }
  void set_error(int number) const noexcept { memory().set_error(number); }
  [[noreturn]] void die(const char* message) const { memory().die(message); }

 private:
  [[nodiscard]] const pagesim::SimMemory& memory() const noexcept { return watched_->memory; }
  [[nodiscard]] const pagesim::Task& task() const noexcept { return watched_->memory.task(); }
  [[nodiscard]] CallLog& log() const noexcept { return watched_->log; }
  bool noted(SystemCall call, VirtAddr at, std::size_t n, bool done) const {
    log().note(call, at.raw(), n, done ? 1 : 0);
    return done;
  }

  const Watched* watched_;
};

}  // namespace tools::run::sim
