// Kernel: what all address spaces of one machine share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "pagesim/hardware/physical_memory.h"
#include "pagesim/kernel/profile.h"
#include "pagesim/kernel/swap.h"
#include "pagesim/ledger.h"

namespace pagesim::kernel {

class File;
class MemCgroup;
class Mm;

/// Whom faults are charged to, and who is told of a signal: the task that executes.
struct Current {
  Counters* counters = nullptr;
  SignalInfo* signal = nullptr;  ///< the last one sent
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
};

class Kernel {
 public:
  Kernel(const Profile& settings, const hardware::MachineConfig& config,
         hardware::PhysicalMemory& frames, Ledger& faults);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  Profile profile;
  hardware::PhysicalMemory& memory;
  Ledger& ledger;
  Swap swap;
  const hardware::Walker walker;  ///< what the processor says it can do
  const unsigned page_shift;
  std::size_t hugetlb_in_use = 0;            ///< of profile.nr_hugepages
  std::optional<FrameNumber> huge_zero;      ///< the huge zero page, once there was need of it
  std::vector<Mm*> address_spaces;           ///< alive, in the order they were made
  std::vector<std::shared_ptr<File>> files;  ///< with a name; mapped or not
  std::unique_ptr<MemCgroup> mem_cgroup;     ///< null: no limit on memory but there being any

  [[nodiscard]] std::uint64_t memory_bytes() const noexcept { return memory_bytes_; }
  [[nodiscard]] std::uint64_t next_anon_vma() noexcept { return ++anon_vmas_; }

 private:
  std::uint64_t memory_bytes_;
  std::uint64_t anon_vmas_ = 0;
};

}  // namespace pagesim::kernel
