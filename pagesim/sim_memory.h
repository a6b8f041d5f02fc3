// SimMemory: a task as a program sees it: a memory, a C library's system calls, locks, errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pagesim/machine.h"
#include "pagesim/task.h"

namespace pagesim {

/// A handle, copied freely. Accesses throw as Task's do. System calls return null or false when the
/// kernel refuses and leave the reason in error().
class SimMemory {
 public:
  explicit SimMemory(Task& task) noexcept : task_{&task} {}
  [[nodiscard]] Task& task() const noexcept { return *task_; }

  template <class T>
  [[nodiscard]] T load(VirtAddr at, AccessTag tag = {}) const {
    return task_->load<T>(at, tag);
  }
  template <class T>
  void store(VirtAddr at, T value, AccessTag tag = {}) const {
    task_->store<T>(at, value, tag);
  }
  void copy(VirtAddr to, VirtAddr from, std::size_t n, AccessTag tag = {}) const {
    task_->copy(to, from, n, tag);
  }
  void fill(VirtAddr to, std::uint8_t byte, std::size_t n, AccessTag tag = {}) const {
    task_->fill(to, byte, n, tag);
  }
  [[nodiscard]] std::size_t page_size() const noexcept;
  [[nodiscard]] VirtAddr globals() const noexcept;
  [[nodiscard]] VirtAddr thread_locals() const noexcept { return task_->thread_locals(); }

  /// sbrk(2) of the C library, which remembers the break and asks the kernel only the first time.
  [[nodiscard]] VirtAddr sbrk(std::ptrdiff_t delta) const;
  [[nodiscard]] VirtAddr mmap(VirtAddr hint, std::size_t n, int prot, int flags) const;
  bool munmap(VirtAddr at, std::size_t n) const;
  /// MREMAP_MAYMOVE.
  [[nodiscard]] VirtAddr mremap(VirtAddr at, std::size_t old_size, std::size_t new_size) const;
  bool mprotect(VirtAddr at, std::size_t n, int prot) const;
  bool madvise(VirtAddr at, std::size_t n, int advice) const;
  /// Bytes of the pages in memory; 0 also where the kernel refuses.
  [[nodiscard]] std::size_t mincore(VirtAddr at, std::size_t n) const;

  /// The next number of a sequence fixed by MachineConfig::seed and the process.
  [[nodiscard]] std::uint64_t random() const;
  [[nodiscard]] unsigned online_cpus() const noexcept;
  [[nodiscard]] bool overcommit_never() const noexcept;
  /// Bytes of a transparent huge page when programs get them by madvise alone, else 0.
  [[nodiscard]] std::size_t thp_size() const noexcept;
  /// The pool of huge pages of n bytes, n = 0 the default one: its page size; 0: no such pool.
  [[nodiscard]] std::size_t hugetlb_size(std::size_t n) const noexcept;
  /// A variable of Layout::environment; no data when it is not there.
  [[nodiscard]] std::string_view environment(const char* name) const noexcept;
  [[nodiscard]] bool single_threaded() const noexcept;

  /// A lock is a 4-byte word: 0 free, 1 held. Tasks run one at a time, so a lock that is held can
  /// never come free while its taker waits: that ends the program (ProgramAborted).
  void lock(VirtAddr word) const;
  [[nodiscard]] bool try_lock(VirtAddr word) const;
  void unlock(VirtAddr word) const;

  [[nodiscard]] int error() const noexcept { return task_->error(); }
  void set_error(int number) const noexcept { task_->set_error(number); }
  /// Throws ProgramAborted{message}.
  [[noreturn]] void die(const char* message) const;

 private:
  Task* task_;
};

}  // namespace pagesim
