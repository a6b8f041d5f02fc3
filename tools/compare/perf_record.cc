// The fields of a record, in the order in which the kernel writes them.
#include "tools/compare/perf_record.h"

#include <asm/perf_regs.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <system_error>

namespace tools::compare {
namespace {

constexpr std::uint32_t kNearStack = 512, kWholeStack = 16 << 10;
constexpr std::uint64_t kAlways = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_ADDR;
constexpr std::uint64_t kRegisters =
    std::uint64_t{1} << PERF_REG_X86_SI | std::uint64_t{1} << PERF_REG_X86_DI |
    std::uint64_t{1} << PERF_REG_X86_BP | std::uint64_t{1} << PERF_REG_X86_SP;

/// What all events that write to a ring have in common.
perf_event_attr software_event(std::uint64_t config) {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_SOFTWARE;
  attr.config = config;
  attr.sample_period = 1;
  attr.sample_type = kAlways;
  attr.exclude_hv = 1;
  attr.disabled = 1;
  attr.watermark = 1;
  attr.use_clockid = 1;
  attr.clockid = CLOCK_MONOTONIC;
  return attr;
}

perf_event_attr sampled_event(std::uint64_t config, const PerfLayout& layout) {
  perf_event_attr attr = software_event(config);
  attr.exclude_kernel = !layout.kernel_mode;
  attr.enable_on_exec = 1;
  attr.inherit = 1;
  attr.sample_id_all = 1;
  return attr;
}

/// Takes values off a record, front to back.
class Reader {
 public:
  Reader(const std::byte* at, const std::byte* end) : at_{at}, end_{end} {}

  template <class T>
  T take() {
    T value{};
    if (at_ + sizeof value <= end_) std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t word() { return take<std::uint64_t>(); }
  std::int32_t task() { return take<std::int32_t>(); }
  [[nodiscard]] const std::byte* at() const { return at_; }
  /// Perf keeps everything at multiples of 8 bytes.
  std::span<const std::uint64_t> words(std::uint64_t count) {
    const auto* const begin = reinterpret_cast<const std::uint64_t*>(at_);
    const auto most = at_ < end_ ? static_cast<std::uint64_t>(end_ - at_) / sizeof *begin : 0;
    count = std::min(count, most);
    at_ += count * sizeof *begin;
    return {begin, count};
  }
  std::string text() const {
    const auto* const begin = reinterpret_cast<const char*>(at_);
    return at_ < end_ ? std::string{begin, strnlen(begin, static_cast<std::size_t>(end_ - at_))}
                      : std::string{};
  }

 private:
  const std::byte* at_;
  const std::byte* end_;
};

/// The kernel's own, and the program's by frame pointers.
bool has_callers(const PerfLayout& layout) {
  return layout.kernel_mode || layout.unwind == Unwind::FramePointers;
}

/// A marker stands before each part: the kernel's, then the program's.
void read_callers(Reader& reader, StreamFault& fault) {
  const auto all = reader.words(reader.word());
  const auto program = std::find(all.begin(), all.end(), PERF_CONTEXT_USER);
  const auto kernels = static_cast<std::size_t>(program - all.begin());
  fault.kernel_callers = all.first(kernels);
  fault.callers = all.subspan(kernels);
}

/// The kernel writes registers in the order of their numbers.
StreamRegisters read_registers(Reader& reader) {
  StreamRegisters registers;
  if (reader.word() == PERF_SAMPLE_REGS_ABI_NONE) return registers;
  registers.source_index = reader.word();
  registers.destination_index = reader.word();
  registers.frame_pointer = reader.word();
  registers.stack_pointer = reader.word();
  return registers;
}

void read_stack(Reader& reader, StreamFault& fault) {
  const std::uint64_t room = reader.word();
  if (room == 0) return;
  const auto stack = reader.words(room / sizeof(std::uint64_t));
  const std::uint64_t held = reader.word() / sizeof(std::uint64_t);
  fault.stack = stack.first(std::min<std::size_t>(stack.size(), held));
}

StreamMap read_map(Reader reader) {
  StreamMap map;
  map.pid = reader.task();
  map.tid = reader.task();
  map.start = reader.word();
  map.length = reader.word();
  map.offset = reader.word();
  map.device = reader.word();
  map.inode = reader.word();
  reader.word();  // the inode's generation
  map.protection = reader.take<std::uint32_t>();
  map.flags = reader.take<std::uint32_t>();
  map.file = reader.text();
  return map;
}

StreamFork read_fork(Reader reader) {
  StreamFork fork;
  fork.pid = reader.task();
  fork.parent = reader.task();
  fork.tid = reader.task();
  fork.parent_tid = reader.task();
  return fork;
}

StreamExit read_exit(Reader reader) {
  StreamExit exit;
  exit.pid = reader.task();
  reader.task();
  exit.tid = reader.task();
  return exit;
}

/// Records other than samples end with: pid, tid, time, identifier.
std::uint64_t time_at_end(const std::byte* end) { return Reader{end - 16, end}.word(); }

}  // namespace

perf_event_attr fault_event(std::uint64_t config, const PerfLayout& layout) {
  perf_event_attr attr = sampled_event(config, layout);
  attr.sample_type |=
      PERF_SAMPLE_IP | PERF_SAMPLE_TIME | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  attr.sample_regs_user = kRegisters;
  attr.sample_stack_user = layout.unwind == Unwind::Dwarf ? kWholeStack : kNearStack;
  if (has_callers(layout)) attr.sample_type |= PERF_SAMPLE_CALLCHAIN;
  attr.exclude_callchain_kernel = !layout.kernel_mode;
  attr.exclude_callchain_user = layout.unwind != Unwind::FramePointers;
  if (config == PERF_COUNT_SW_PAGE_FAULTS_MIN) {
    attr.mmap = attr.mmap_data = attr.mmap2 = attr.comm = attr.comm_exec = attr.task = 1;
  }
  return attr;
}

perf_event_attr presence_event(const PerfLayout& layout) {
  perf_event_attr attr = sampled_event(PERF_COUNT_SW_PAGE_FAULTS, layout);
  attr.exclude_kernel = 1;
  attr.sample_type |= PERF_SAMPLE_DATA_PAGE_SIZE;
  return attr;
}

perf_event_attr trace_event(std::uint32_t tracepoint) {
  perf_event_attr attr = sampled_event(tracepoint, {});
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.sample_type |= PERF_SAMPLE_RAW;
  return attr;
}

perf_event_attr ring_event(std::uint32_t wakeup_bytes) {
  perf_event_attr attr = software_event(PERF_COUNT_SW_DUMMY);
  attr.exclude_kernel = 1;
  attr.wakeup_watermark = wakeup_bytes;
  return attr;
}

run::OwnedFd open_event(perf_event_attr attr, pid_t task, int processor) {
  run::OwnedFd fd{static_cast<int>(
      syscall(SYS_perf_event_open, &attr, task, processor, -1, PERF_FLAG_FD_CLOEXEC))};
  if (!fd.is_open()) throw std::system_error{errno, std::generic_category(), "perf"};
  return fd;
}

std::uint64_t sample_id(const std::byte* begin, const std::byte* end) {
  return Reader{begin, end}.word();
}

StreamEvent read_fault(const PerfLayout& layout, const perf_event_header& header,
                       const std::byte* begin, const std::byte* end) {
  Reader reader{begin, end};
  StreamFault fault;
  fault.kernel_mode = (header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
  reader.word();  // identifier
  fault.instruction_pointer = reader.word();
  fault.pid = reader.task();
  fault.tid = reader.task();
  const std::uint64_t time = reader.word();
  fault.address = reader.word();
  if (has_callers(layout)) read_callers(reader, fault);
  fault.registers = read_registers(reader);
  read_stack(reader, fault);
  return {time, fault};
}

Presence read_presence(const std::byte* begin, const std::byte* end) {
  Reader reader{begin, end};
  Presence presence;
  reader.word();  // identifier
  reader.task();
  presence.tid = reader.task();
  presence.address = reader.word();
  presence.present = reader.word() != 0;
  return presence;
}

Presence read_trace(const measure::Tracepoints& tracepoints, const std::byte* begin,
                    const std::byte* end) {
  constexpr std::uint16_t kWasPresent = 1;  // the code's lowest bit
  Reader reader{begin, end};
  Presence trace;
  reader.word();  // identifier
  reader.task();
  trace.tid = reader.task();
  reader.word();                 // an address that tracepoints leave alone
  reader.take<std::uint32_t>();  // bytes of what follows
  const std::byte* const record = reader.at();
  trace.address = Reader{record + tracepoints.address_offset, end}.word();
  trace.error_code =
      static_cast<std::uint16_t>(Reader{record + tracepoints.error_code_offset, end}.word());
  trace.present = (*trace.error_code & kWasPresent) != 0;
  return trace;
}

std::optional<StreamEvent> read_other(const perf_event_header& header, const std::byte* begin,
                                      const std::byte* end) {
  const Reader reader{begin, end};
  switch (header.type) {
    case PERF_RECORD_MMAP2:
      return StreamEvent{time_at_end(end), read_map(reader)};
    case PERF_RECORD_FORK:
      return StreamEvent{time_at_end(end), read_fork(reader)};
    case PERF_RECORD_EXIT:
      return StreamEvent{time_at_end(end), read_exit(reader)};
    case PERF_RECORD_COMM:
      if ((header.misc & PERF_RECORD_MISC_COMM_EXEC) == 0) return std::nullopt;
      return StreamEvent{time_at_end(end), StreamExec{Reader{reader}.task()}};
    default:
      return std::nullopt;
  }
}

std::uint64_t read_lost(const perf_event_header& header, const std::byte* begin,
                        const std::byte* end) {
  if (header.type != PERF_RECORD_LOST) return 0;
  Reader reader{begin, end};
  reader.word();  // identifier
  return reader.word();
}

}  // namespace tools::compare
