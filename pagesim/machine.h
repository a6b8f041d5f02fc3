// Machine: frames, a kernel, a ledger, and the processes that run on them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pagesim/flush_log.h"
#include "pagesim/hardware/machine.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/page_cache.h"
#include "pagesim/kernel/profile.h"
#include "pagesim/layout.h"
#include "pagesim/ledger.h"
#include "pagesim/syscall_filter.h"
#include "pagesim/task.h"
#include "pagesim/tlb_use.h"

namespace pagesim {

using hardware::MachineConfig;
using kernel::Profile;

/// Owns everything; a Task& stays valid as long as its machine. Processes are numbered in the order
/// they were made, from 0; an exited one keeps its number.
class Machine {
 public:
  explicit Machine(const MachineConfig& config = {}, const Profile& profile = {});
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Makes a process as execve leaves it, all regions mapped and nothing touched. Throws
  /// std::invalid_argument if its regions overlap or do not fit.
  Task& boot(const Layout& layout = {});
  /// A child with a copy of the parent's address space; the call itself counts no fault.
  Task& fork(Task& parent);
  /// A further thread of the caller's process, with thread-local pages of its own.
  Task& clone_thread(Task& caller);
  /// The thread ends; the last one of a process gives its memory back.
  void exit(Task& task);
  /// The whole process ends (a fatal signal, exit_group).
  void exit_group(Task& task);

  /// A new file of so many bytes. Its pages are in memory and clean, unless it is sparse: then it
  /// is one hole. It lives as long as the machine.
  std::shared_ptr<kernel::File> create_file(const std::string& name, std::uint64_t bytes,
                                            kernel::FileSystem fs = kernel::FileSystem::Disk,
                                            bool sparse = false);
  /// The same on disk, written at once: in large folios where the kernel has them.
  std::shared_ptr<kernel::File> create_bulk_file(const std::string& name, std::uint64_t bytes);
  // What other processes do to files; page ranges are whole files unless given.
  void cache(kernel::File& file, kernel::PageRange range = {});
  void evict(kernel::File& file, kernel::PageRange range = {});
  void truncate(kernel::File& file, std::uint64_t bytes);
  void punch(kernel::File& file, kernel::PageRange range);
  void fsync(kernel::File& file, kernel::PageRange range = {});
  void sync();
  /// Puts the profile's memory_limit in force. 0, or EBUSY where less cannot be reclaimed.
  int limit_memory();
  /// ksmd merges what is alike in areas that were advised MERGEABLE.
  void ksm_scan();
  /// write(2) of one whole page.
  void rewrite(kernel::File& file, std::uint64_t page);

  /// All there ever were, in the order they were made.
  [[nodiscard]] const std::vector<std::unique_ptr<Task>>& tasks() const noexcept { return tasks_; }
  [[nodiscard]] Ledger& ledger() noexcept { return ledger_; }
  [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
  /// What the kernel asked of the TLB.
  [[nodiscard]] FlushLog& flushes() noexcept { return flushes_; }
  [[nodiscard]] const hardware::TlbCounters& tlb_counters() const noexcept { return tlb_.counters; }
  [[nodiscard]] TlbUse tlb_use() const noexcept { return {tlb_.counters, flushes_.by_change()}; }
  [[nodiscard]] const MachineConfig& config() const noexcept { return config_; }
  /// The kernel's settings, changed as sysctl would.
  [[nodiscard]] Profile& profile() noexcept;
  [[nodiscard]] kernel::Kernel& kernel() noexcept { return *kernel_; }
  [[nodiscard]] hardware::PhysicalMemory& memory() noexcept { return *memory_; }
  /// The filter must outlive the machine or be taken away with nullptr.
  void set_syscall_filter(SyscallFilter* filter) noexcept { filter_ = filter; }
  [[nodiscard]] SyscallFilter* syscall_filter() const noexcept { return filter_; }

 private:
  Process& add_process(const Layout& layout);
  Task& add_task(Process& process, std::uint32_t thread, VirtAddr thread_locals);

  MachineConfig config_;
  Ledger ledger_;
  FlushLog flushes_;
  hardware::Tlb tlb_;
  SyscallFilter* filter_ = nullptr;
  std::unique_ptr<hardware::PhysicalMemory> memory_;
  std::unique_ptr<kernel::Kernel> kernel_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

}  // namespace pagesim
