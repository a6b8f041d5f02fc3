// Loads, stores and the kernel's copies on the simulated machine.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "allocator/writer.h"
#include "tools/run/sim/run.h"

namespace tools::run::sim {
namespace {

using pagesim::Access;
using pagesim::Task;
using pagesim::VirtAddr;
using script::Op;
using script::Verb;
namespace flag = script::flag;

constexpr pagesim::AccessTag kUser = allocator::tag(allocator::Writer::User);
constexpr pagesim::AccessTag kKernel = allocator::tag(allocator::Writer::Kernel);

/// Makes an access of the program's own, and logs it where that is asked for.
template <class Perform>
void logged(Call& call, VirtAddr at, std::uint64_t n, Access access, Perform perform) {
  if (call.log == nullptr) return perform();
  call.log->access(call.task, {at, n, access, kUser}, perform);
}

/// One store of the script's byte, in every one of n bytes.
void store(Task& task, VirtAddr at, std::uint64_t n) {
  std::array<std::uint8_t, 8> bytes{};
  bytes.fill(script::kStoredByte);
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  switch (n) {
    case 1:
      return task.store(at, static_cast<std::uint8_t>(word), kUser);
    case 2:
      return task.store(at, static_cast<std::uint16_t>(word), kUser);
    case 4:
      return task.store(at, static_cast<std::uint32_t>(word), kUser);
    case 8:
      return task.store(at, word, kUser);
    default:
      return task.store(at, std::array{word, word}, kUser);
  }
}

void access_range(Call& call, Access access) {
  const std::uint64_t page = call.task.machine().config().geometry.page_size();
  const Touches touches{call.op, call.to.raw(), call.block, page};
  for (std::uint64_t i = 0; i < touches.count(); ++i) {
    const VirtAddr at{touches.at(i)};
    logged(call, at, 1, access, [&] {
      if (call.keeps_bytes && access == Access::Write)
        store(call.task, at, 1);
      else
        call.task.touch(at, 1, access, kUser);
    });
  }
}

void read_or_write(Call& call) {
  const Access access = call.op.verb == Verb::Read ? Access::Read : Access::Write;
  if (call.op.pages != 0) {
    access_range(call, access);
  } else if (access == Access::Read) {
    logged(call, call.to, call.op.n, access,
           [&] { call.task.touch(call.to, call.op.n, access, kUser); });
  } else {
    logged(call, call.to, call.op.n, access, [&] { store(call.task, call.to, call.op.n); });
  }
}

void take_count(Call& call, const pagesim::SysResult<std::size_t>& done) {
  if (done) call.result->returned = static_cast<std::int64_t>(*done);
  take_error(call, done);
}

/// A pipe takes whole pages: of one that could be read in part it has nothing.
void write_to_pipe(Call& call) {
  const auto read = call.task.copy_from_user(call.to, call.op.n, kKernel);
  if (!read || *read == call.op.n) return take_count(call, read);
  const std::size_t whole = *read - *read % call.task.machine().config().geometry.page_size();
  if (whole == 0) return take_count(call, pagesim::Unexpected{EFAULT});
  take_count(call, whole);
}

void sys_write(Call& call) {
  if ((call.op.flags & flag::NullSink) != 0) {
    call.result->returned = static_cast<std::int64_t>(call.op.n);
  } else if (call.file) {
    take_count(call, call.task.write(*call.file, 0, call.to, call.op.n, kKernel));
  } else {
    write_to_pipe(call);
  }
}

void sys_read(Call& call) {
  if (call.file) {
    take_count(call, call.task.read(*call.file, 0, call.to, call.op.n, kKernel));
  } else {
    take_count(call, call.task.copy_to_user(call.to, call.op.n, kKernel));
  }
}

constexpr std::uint64_t kSector = 512;

/// O_DIRECT: the device stores into pages the kernel made present, and the page cache is not used.
/// What waits there to be written goes to the disk first. What it was asked for beyond the end of
/// the file the kernel clears itself; where it gets stuck after a part it tries once more.
void direct_read(Call& call) {
  const std::uint64_t end = call.file->bytes();
  if (end == 0) return;
  if (call.op.n % kSector != 0) return take_count(call, pagesim::Unexpected{EINVAL});
  const std::uint64_t page = call.task.machine().config().geometry.page_size();
  if (call.op.n != 0) call.task.machine().fsync(*call.file, {0, (call.op.n - 1) / page});
  const std::uint64_t stored = std::min(call.op.n, (end + page - 1) / page * page);
  const auto had = call.task.gup_touch(call.to, stored, Access::Write, kKernel);
  if (!had || *had < stored) return take_count(call, pagesim::Unexpected{EFAULT});
  const std::uint64_t beyond = call.op.n - stored;
  const auto rest = call.task.copy_to_user(call.to + stored, beyond, kKernel);
  if (rest && *rest < beyond)
    (void)call.task.copy_to_user(call.to + stored + *rest, beyond - *rest, kKernel);
  if (!rest || *rest < beyond) return take_count(call, pagesim::Unexpected{EFAULT});
  take_count(call, std::min(call.op.n, end));
}

void remote_copy(Call& call, Task* peer) {
  if (peer == nullptr) {
    call.result->error = ESRCH;
    call.result->returned = -1;
    return;
  }
  if (call.op.verb == Verb::MemWrite)
    return take_count(call, call.task.mem_write(*peer, call.to, call.op.n, kKernel));
  const Access access = call.op.verb == Verb::VmRead ? Access::Read : Access::Write;
  take_count(call, call.task.remote_touch(*peer, call.to, call.op.n, access, kKernel));
}

void copy(Call& call) {
  const std::uint64_t n = call.op.n;
  const auto perform = [&] { call.task.copy(call.to, call.from, n, kUser); };
  if (call.log == nullptr) return perform();
  call.log->copy(call.task, {call.from, n, Access::Read, kUser}, {call.to, n, Access::Write, kUser},
                 perform);
}

}  // namespace

void run_access(Call& call) {
  Task& task = call.task;
  switch (call.op.verb) {
    case Verb::Update:
      return logged(call, call.to, 1, Access::Write, [&] { task.update(call.to, 1, kUser); });
    case Verb::CasFail:
      return logged(call, call.to, 1, Access::Write, [&] { task.cas_fail(call.to, 1, kUser); });
    case Verb::Exec:
      return logged(call, call.to, 1, Access::Execute, [&] { task.exec(call.to, kUser); });
    case Verb::Prefetch:
      return task.prefetch(call.to);
    case Verb::Copy:
      return copy(call);
    case Verb::Fill:
      return logged(call, call.to, call.op.n, Access::Write,
                    [&] { task.fill(call.to, script::kStoredByte, call.op.n, kUser); });
    default:
      return read_or_write(call);
  }
}

void run_kernel_copy(Call& call, Task* peer) {
  switch (call.op.verb) {
    case Verb::SysRead:
      return sys_read(call);
    case Verb::DirectRead:
      return direct_read(call);
    case Verb::SysWrite:
      return sys_write(call);
    case Verb::VforkWrite:
      call.elsewhere = call.task.vfork_store(call.to, kUser);
      return;
    default:
      return remote_copy(call, peer);
  }
}

}  // namespace tools::run::sim
