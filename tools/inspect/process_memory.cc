// Two ways to read a process.
#include "tools/inspect/process_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tools::inspect {

Way way_of(PageState state) noexcept {
  if (state < PageState::Anon) return Way::Not;
  const bool shared = state == PageState::AnonShared || state == PageState::HugeShared;
  return shared ? Way::Unpinned : Way::Pinned;
}

ProcessMemory::ProcessMemory(pid_t pid)
    : pid_{pid}, memory_{::open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC)} {}

std::size_t ProcessMemory::copy(Way way, VirtAddr from, std::byte* to,
                                std::size_t bytes) const noexcept {
  if (way == Way::Not) return 0;
  const iovec here{to, bytes};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
  const iovec there{reinterpret_cast<void*>(from.raw()), bytes};
  const ssize_t n = way == Way::Pinned
                        ? ::process_vm_readv(pid_, &here, 1, &there, 1, 0)
                        : ::pread(memory_.get(), to, bytes, static_cast<off_t>(from.raw()));
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

}  // namespace tools::inspect
