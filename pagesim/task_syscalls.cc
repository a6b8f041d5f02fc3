// Task: system calls, past the machine's filter and into the kernel.
#include <cerrno>

#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/numa.h"
#include "pagesim/kernel/syscalls.h"
#include "pagesim/kernel/version.h"
#include "pagesim/machine.h"
#include "pagesim/process.h"
#include "pagesim/task.h"
#include "pagesim/uapi.h"

namespace pagesim {

namespace {

std::uint64_t as_word(VirtAddr at) { return at.raw(); }
std::uint64_t as_word(Done) { return 0; }
std::uint64_t as_word(const std::vector<std::uint8_t>&) { return 0; }

std::uint64_t word(int number) { return static_cast<std::uint64_t>(number); }

}  // namespace

SyscallEntry Task::entry(Syscall call, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                         std::uint64_t d, std::uint64_t e, std::uint64_t f) const noexcept {
  return {call, process_index(), thread_index_, {a, b, c, d, e, f}};
}

template <class T, class Call>
SysResult<T> Task::filtered(const SyscallEntry& entry, Call&& call) {
  SyscallFilter* filter = machine_->syscall_filter();
  if (filter == nullptr) return call();
  const int refused = filter->enter(entry);
  SysResult<T> result = refused != 0 ? SysResult<T>{Unexpected{refused}} : call();
  if (result)
    filter->leave(entry, as_word(*result), 0);
  else
    filter->leave(entry, 0, result.error());
  return result;
}

SysResult<VirtAddr> Task::brk(VirtAddr wanted) {
  const auto result = filtered<VirtAddr>(entry(Syscall::Brk, wanted.raw()), [&] {
    return SysResult<VirtAddr>{kernel::sys_brk(mm(), current_, wanted)};
  });
  return result ? result : SysResult<VirtAddr>{mm().brk};
}

SysResult<VirtAddr> Task::mmap(VirtAddr hint, std::size_t length, int prot, int flags,
                               std::shared_ptr<kernel::File> file, std::uint64_t offset) {
  const int heeded = kernel::heeded_mmap_flags(machine_->profile(), flags);
  const kernel::MmapRequest request{hint, length, prot, heeded, std::move(file), offset};
  const auto name = entry(Syscall::Mmap, hint.raw(), length, word(prot), word(flags),
                          request.file ? 0 : ~std::uint64_t{0}, offset);
  return filtered<VirtAddr>(name, [&] { return kernel::sys_mmap(mm(), current_, request); });
}

SysResult<Done> Task::munmap(VirtAddr at, std::size_t length) {
  return filtered<Done>(entry(Syscall::Munmap, at.raw(), length),
                        [&] { return kernel::sys_munmap(mm(), at, length); });
}

SysResult<VirtAddr> Task::mremap(VirtAddr old, std::size_t old_length, std::size_t new_length,
                                 int flags, VirtAddr new_address) {
  const kernel::MremapRequest request{old, old_length, new_length, flags, new_address};
  const auto name =
      entry(Syscall::Mremap, old.raw(), old_length, new_length, word(flags), new_address.raw());
  const bool unknown = (flags & kMremapDontunmap) != 0 &&
                       machine_->profile().version < kernel::kMremapDontunmapSince;
  if (unknown) return Unexpected{EINVAL};
  return filtered<VirtAddr>(name, [&] { return kernel::sys_mremap(mm(), current_, request); });
}

SysResult<Done> Task::mprotect(VirtAddr at, std::size_t length, int prot) {
  return filtered<Done>(entry(Syscall::Mprotect, at.raw(), length, word(prot)),
                        [&] { return kernel::sys_mprotect(mm(), current_, at, length, prot); });
}

SysResult<Done> Task::madvise(VirtAddr at, std::size_t length, int advice) {
  return filtered<Done>(entry(Syscall::Madvise, at.raw(), length, word(advice)),
                        [&] { return kernel::sys_madvise(mm(), current_, at, length, advice); });
}

SysResult<Done> Task::mlock2(VirtAddr at, std::size_t length, int flags) {
  if (flags != 0 && machine_->profile().version < kernel::kMlock2) return Unexpected{ENOSYS};
  return filtered<Done>(entry(Syscall::Mlock, at.raw(), length, word(flags)),
                        [&] { return kernel::sys_mlock(mm(), current_, at, length, flags != 0); });
}

SysResult<Done> Task::munlock(VirtAddr at, std::size_t length) {
  return filtered<Done>(entry(Syscall::Munlock, at.raw(), length),
                        [&] { return kernel::sys_munlock(mm(), at, length); });
}

SysResult<Done> Task::msync(VirtAddr at, std::size_t length) {
  return filtered<Done>(entry(Syscall::Msync, at.raw(), length),
                        [&] { return kernel::sys_msync(mm(), at, length); });
}

SysResult<Done> Task::swapout(VirtAddr at, std::size_t length) {
  return kernel::swap_out_range(mm(), at, length);
}

SysResult<Done> Task::numa_scan(VirtAddr at, std::size_t length) {
  kernel::change_prot_numa(mm(), at.align_down(mm().page_size()), at + length);
  return Done{};
}

SysResult<std::vector<std::uint8_t>> Task::mincore(VirtAddr at, std::size_t length) {
  return filtered<std::vector<std::uint8_t>>(entry(Syscall::Mincore, at.raw(), length),
                                             [&] { return kernel::sys_mincore(mm(), at, length); });
}

}  // namespace pagesim
