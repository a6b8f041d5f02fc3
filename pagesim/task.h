// Task: a thread of a simulated process, what its instructions and system calls do to memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/mmu.h"
#include "pagesim/hardware/physical_memory.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/ledger.h"
#include "pagesim/page_state.h"
#include "pagesim/result.h"
#include "pagesim/signals.h"
#include "pagesim/syscall_filter.h"

namespace pagesim {

namespace kernel {
class File;
struct GupRequest;
class Mm;
}  // namespace kernel
class Machine;
class Process;

/// A thread of execution: counters, errno, and an address space shared with its process's other
/// threads. Faults and their costs go to the task that executes, never to the owner of the memory.
///
/// User accesses throw SignalRaised when they end in a signal and OutOfMemoryKill when frames run
/// out; nothing else throws. An access that straddles a page boundary faults in its lower page
/// first and starts again from scratch after each fault.
class Task {
 public:
  Task(Machine& machine, Process& process, std::uint32_t thread_index, VirtAddr thread_locals);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] std::uint32_t process_index() const noexcept;
  [[nodiscard]] std::uint32_t thread_index() const noexcept { return thread_index_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] Machine& machine() const noexcept { return *machine_; }
  [[nodiscard]] Process& process() const noexcept { return *process_; }
  [[nodiscard]] bool exited() const noexcept { return exited_; }
  [[nodiscard]] VirtAddr thread_locals() const noexcept { return thread_locals_; }
  [[nodiscard]] int error() const noexcept { return errno_; }
  void set_error(int number) noexcept { errno_ = number; }

  // Instructions.

  /// One instruction's access of n bytes whose values nobody needs. A write leaves the byte 0xA5 in
  /// frames that have contents and only marks the others as no longer zero.
  void touch(VirtAddr at, std::size_t n, Access access, AccessTag tag = {});
  /// touch(at, 1), touch(at + a page, 1), and so on for `pages` pages.
  void touch_pages(VirtAddr at, std::size_t pages, Access access, AccessTag tag = {});
  template <class T>
  [[nodiscard]] T load(VirtAddr at, AccessTag tag = {});
  template <class T>
  void store(VirtAddr at, T value, AccessTag tag = {});
  /// A read-modify-write instruction: one write.
  void update(VirtAddr at, std::size_t n, AccessTag tag = {}) { touch_locked(at, n, tag); }
  /// A failing compare-and-swap: a write to the MMU, and the bytes stay as they are.
  void cas_fail(VirtAddr at, std::size_t n, AccessTag tag = {}) { touch_locked(at, n, tag); }
  /// Never faults, never counts.
  void prefetch(VirtAddr at);
  void exec(VirtAddr at, AccessTag tag = {}) { touch(at, 1, Access::Execute, tag); }
  /// One rep movsb, ascending: for each chunk within both pages the source faults first.
  void copy(VirtAddr to, VirtAddr from, std::size_t n, AccessTag tag = {});
  /// One rep stosb.
  void fill(VirtAddr to, std::uint8_t byte, std::size_t n, AccessTag tag = {});

  // Copies during a system call. Bytes done; EFAULT when not even the first could be.

  /// The kernel stores zeros into user memory (read(2) of /dev/zero): faults in kernel mode.
  SysResult<std::size_t> copy_to_user(VirtAddr at, std::size_t n, AccessTag tag = {});
  /// The kernel loads from user memory (write(2)).
  SysResult<std::size_t> copy_from_user(VirtAddr at, std::size_t n, AccessTag tag = {});
  /// read(2) at a byte offset: bytes until the file ends.
  SysResult<std::size_t> read(kernel::File& file, std::uint64_t offset, VirtAddr to, std::size_t n,
                              AccessTag tag = {});
  /// write(2) at a byte offset: the file grows as needed.
  SysResult<std::size_t> write(kernel::File& file, std::uint64_t offset, VirtAddr from,
                               std::size_t n, AccessTag tag = {});
  /// get_user_pages on this task's memory (O_DIRECT): counted, no exception.
  SysResult<std::size_t> gup_touch(VirtAddr at, std::size_t n, Access access, AccessTag tag = {});
  /// process_vm_readv/writev: get_user_pages on another task's memory, counted here. `access` is
  /// what happens to the target's memory.
  SysResult<std::size_t> remote_touch(Task& target, VirtAddr at, std::size_t n, Access access,
                                      AccessTag tag = {});
  /// pwrite(2) to /proc/PID/mem: the same, and private memory is stored to whatever its protection.
  SysResult<std::size_t> mem_write(Task& target, VirtAddr at, std::size_t n, AccessTag tag = {});
  /// A vfork child stores one byte and exits: the child's counters.
  Counters vfork_store(VirtAddr at, AccessTag tag = {});

  // System calls, with Linux's numbers. The error of a refused one is an errno.

  SysResult<VirtAddr> brk(VirtAddr wanted);  ///< never refuses: the break after the call
  SysResult<VirtAddr> mmap(VirtAddr hint, std::size_t length, int prot, int flags,
                           std::shared_ptr<kernel::File> file = nullptr, std::uint64_t offset = 0);
  SysResult<Done> munmap(VirtAddr at, std::size_t length);
  SysResult<VirtAddr> mremap(VirtAddr old, std::size_t old_length, std::size_t new_length,
                             int flags, VirtAddr new_address = VirtAddr{});
  SysResult<Done> mprotect(VirtAddr at, std::size_t length, int prot);
  SysResult<Done> madvise(VirtAddr at, std::size_t length, int advice);
  SysResult<Done> mlock(VirtAddr at, std::size_t length) { return mlock2(at, length, 0); }
  SysResult<Done> mlock2(VirtAddr at, std::size_t length, int flags);
  SysResult<Done> munlock(VirtAddr at, std::size_t length);
  SysResult<Done> msync(VirtAddr at, std::size_t length);
  /// One element a page: its bit 0 says whether a touch would need no I/O.
  SysResult<std::vector<std::uint8_t>> mincore(VirtAddr at, std::size_t length);

  /// Memory pressure: all private pages of the range are written to swap and leave the swap cache;
  /// how earlier reads of swapped pages fared is forgotten.
  /// ENOMEM where nothing is mapped.
  SysResult<Done> swapout(VirtAddr at, std::size_t length);

  /// NUMA balancing's scan passes over the range: the next access to each page is a fault.
  SysResult<Done> numa_scan(VirtAddr at, std::size_t length);

  // Questions. They touch nothing and count nothing.

  [[nodiscard]] Rss rss() const;
  [[nodiscard]] std::int64_t peak_rss() const;  ///< bytes: the high-water mark of anon+file+shmem
  [[nodiscard]] PageState page_state(VirtAddr at) const;
  [[nodiscard]] std::string page_letters(VirtAddr at) const;  ///< "-", "Z", "Ax", "S", "G", "Fx"
  /// The entries on the way to an address, root first, as the page walk reads them.
  [[nodiscard]] std::vector<WalkStep> walk(VirtAddr at) const;
  /// The pages that have an entry of any kind, ascending; neighbours are one run.
  [[nodiscard]] std::vector<PageRun> touched_pages() const;
  [[nodiscard]] std::vector<MapLine> maps() const;
  [[nodiscard]] std::optional<std::uint64_t> frame_of(VirtAddr at) const;
  /// The bytes of a page as the program would load them, without an access; nothing if no frame is
  /// mapped there.
  [[nodiscard]] std::optional<std::uint8_t> peek(VirtAddr at) const;
  /// The same for n bytes, of pages that are swapped out too; false, and `to` half written, where a
  /// page is neither in memory nor in swap.
  [[nodiscard]] bool peek(VirtAddr at, void* to, std::size_t n) const;

 private:
  friend class Machine;

  [[nodiscard]] bool peek_swapped(VirtAddr at, std::byte* to, std::size_t n) const;
  /// The physical address of one byte, after as many faults as it takes.
  PhysAddr resolve(VirtAddr at, Access access, AccessTag tag);
  /// What touch does in all but the usual cases, after a translation that faulted.
  void touch_slowly(hardware::Translation translated, VirtAddr at, std::size_t n, Access access,
                    AccessTag tag);
  /// First writes to pages one after the other: the kernel handles their faults in one go, and the
  /// stores are made then. How many pages that were, at least one.
  std::size_t touch_fresh_pages(VirtAddr at, std::size_t pages, AccessTag tag);
  void touch_straddling(VirtAddr at, std::size_t n, Access access, AccessTag tag);
  /// The trap: hands faults to the kernel until the access can be made.
  PhysAddr trap(hardware::Translation translated, VirtAddr at, Access access, AccessTag tag);
  /// One exception: the kernel repairs it, or SignalRaised or OutOfMemoryKill is thrown.
  void handle_exception(hardware::HardwareFault fault, VirtAddr at, Access access, AccessTag tag);
  [[nodiscard]] bool within_page(VirtAddr at, std::size_t n) const noexcept;
  [[nodiscard]] std::size_t rest_of_page(VirtAddr at) const noexcept {
    return offset_mask_ + 1 - (at.raw() & offset_mask_);
  }
  /// Calls use(PhysAddr, offset, length) for each page's part of an access, once all of them can be
  /// made in one go.
  template <class Use>
  void access_straddling(VirtAddr at, std::size_t n, Access access, AccessTag tag, Use&& use);
  void load_bytes(VirtAddr at, void* to, std::size_t n, AccessTag tag);
  void store_bytes(VirtAddr at, const void* from, std::size_t n, AccessTag tag);
  void touch_locked(VirtAddr at, std::size_t n, AccessTag tag);
  SysResult<std::size_t> get_pages_of(Task& target, const kernel::GupRequest& request);
  /// Bytes the kernel stored through its own mapping of pages get_user_pages made present.
  void mark_present(VirtAddr at, std::size_t n);
  /// What the kernel copies from or to: one stretch, or pages of a file or a pipe. Of a page it has
  /// copied in part it tries the rest once more before it gives up.
  enum class Other : std::uint8_t { Stretch, Pages };
  /// Calls use(PhysAddr, offset, length) for each page's part as far as the kernel gets.
  template <class Use>
  SysResult<std::size_t> kernel_copy(VirtAddr at, std::size_t n, Access access, Other other,
                                     AccessTag tag, Use&& use);
  /// The pages of a file that write(2) is about to store to come into memory.
  void begin_write(kernel::File& file, std::uint64_t offset, std::size_t n) const;
  /// Stores the bytes of pages that are mapped, up to the first that is not: how many.
  std::size_t copy_present(kernel::File& file, std::uint64_t offset, VirtAddr from, std::size_t n);
  /// One fault for each page that is not mapped: bytes up to the first that cannot be.
  std::size_t fault_in_readable(VirtAddr at, std::size_t n, AccessTag tag);
  /// Calls copy(byte of the file, offset, length) for each page of a file a copy meets.
  template <class Copy>
  void for_each_file_page(std::uint64_t offset, std::size_t n, Copy&& copy) const;
  /// The physical address of a byte of a file, brought into memory.
  [[nodiscard]] PhysAddr file_byte(kernel::File& file, std::uint64_t offset) const;
  /// Runs a system call past the machine's filter.
  template <class T, class Call>
  SysResult<T> filtered(const SyscallEntry& entry, Call&& call);
  [[nodiscard]] SyscallEntry entry(Syscall call, std::uint64_t a = 0, std::uint64_t b = 0,
                                   std::uint64_t c = 0, std::uint64_t d = 0, std::uint64_t e = 0,
                                   std::uint64_t f = 0) const noexcept;
  [[nodiscard]] kernel::Mm& mm() const noexcept;

  Machine* machine_;
  Process* process_;
  hardware::Mmu* mmu_;
  hardware::PhysicalMemory* memory_;
  std::uint64_t offset_mask_;
  std::uint32_t thread_index_;
  VirtAddr thread_locals_;
  int errno_ = 0;
  bool exited_ = false;
  Counters counters_;
  SignalInfo signal_;
  kernel::Current current_;
};

inline PhysAddr Task::resolve(VirtAddr at, Access access, AccessTag tag) {
  const hardware::Translation translated = mmu_->translate_quickly(at, access);
  if (translated.ok()) [[likely]]
    return translated.address();
  return trap(translated, at, access, tag);
}

inline void Task::touch(VirtAddr at, std::size_t n, Access access, AccessTag tag) {
  if (!within_page(at, n)) [[unlikely]]
    return touch_straddling(at, n, access, tag);
  const hardware::Translation translated = mmu_->translate_quickly(at, access);
  if (!translated.ok()) [[unlikely]]
    return touch_slowly(translated, at, n, access, tag);
  if (access == Access::Write) memory_->mark(translated.address(), n);
}

inline bool Task::within_page(VirtAddr at, std::size_t n) const noexcept {
  return (at.raw() & offset_mask_) + n <= offset_mask_ + 1;
}

template <class T>
T Task::load(VirtAddr at, AccessTag tag) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  if (within_page(at, sizeof(T))) [[likely]]
    memory_->read(resolve(at, Access::Read, tag), &value, sizeof(T));
  else
    load_bytes(at, &value, sizeof(T), tag);
  return value;
}

template <class T>
void Task::store(VirtAddr at, T value, AccessTag tag) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (within_page(at, sizeof(T))) [[likely]]
    memory_->write(resolve(at, Access::Write, tag), &value, sizeof(T));
  else
    store_bytes(at, &value, sizeof(T), tag);
}

}  // namespace pagesim
