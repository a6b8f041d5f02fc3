// Process: an address space, its translation hardware, and what its C library remembers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include "pagesim/flush_log.h"
#include "pagesim/hardware/mmu.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/layout.h"

namespace pagesim {

/// Shared by the threads of one process; the memory goes when the last of them exits.
class Process final : private kernel::TlbFlush {
 public:
  Process(kernel::Kernel& kernel, const hardware::MachineConfig& config, hardware::Tlb& tlb,
          FlushLog& flushes, const Layout& layout, std::uint32_t index);
  ~Process() override { mm_.tlb = nullptr; }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  [[nodiscard]] const Layout& layout() const noexcept { return layout_; }
  [[nodiscard]] kernel::Mm& mm() noexcept { return mm_; }
  [[nodiscard]] hardware::Mmu& mmu() noexcept { return mmu_; }
  /// Gives all memory back; the process stays as a number.
  void exit_mm();

  std::uint32_t threads_made = 1;
  bool was_threaded = false;       ///< it or a process it was forked from had a second thread
  std::uint32_t thread_areas = 1;  ///< mapped for thread locals; a child of fork keeps its parent's
  std::uint32_t threads_alive = 1;
  std::optional<VirtAddr> remembered_break;  ///< the C library's, see sbrk
  std::mt19937_64 random;
  /// The lowest address of the stack when the program started.
  VirtAddr stack_base;

 private:
  void flush_tlb(const kernel::FlushRequest& request) override;
  std::size_t flush(const kernel::FlushRequest& request,
                    std::vector<hardware::CachedTranslation>* dropped);

  std::uint32_t index_;
  FlushLog& flushes_;
  Layout layout_;
  kernel::Mm mm_;
  hardware::Mmu mmu_;
};

}  // namespace pagesim
