// Writing down what an operation did.
#include "tools/run/child/observer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/resolve.h"
#include "tools/run/child/touch.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;
using script::Verb;

/// Pages remembered from before an operation, in pieces of consecutive pages.
struct Piece {
  std::uint64_t first = 0;  // page number
  std::uint64_t count = 0;
  std::uint64_t offset = 0;  // of its first entry in `before`
  bool has_cached = false;
};
constexpr std::size_t kRemembered = 64 * 1024;
constexpr int kPieces = 16;
constexpr std::uint64_t kGrowth = 64 * kPage;
constexpr std::uint64_t kProbedPages = 2048;
constexpr std::uint64_t kCachePages = 64 * 1024;
constexpr long kReadRestNs = 20'000'000;
std::uint64_t before[kRemembered];
unsigned char cached[kRemembered];
Piece pieces[kPieces];
int piece_count = 0;
std::size_t remembered = 0;

bool maps_dirty = true;
bool sharing = false;

constexpr int kBatch = 128;
FaultRecordOut batch[kBatch];
int batch_count = 0;

void write_log(const void* bytes, std::uint64_t size) {
  const std::uint64_t at = shared.header->log_bytes.fetch_add(size);
  raw_syscall(SYS_pwrite64, shared.header->log_fd, arg(bytes), arg(size), arg(at));
}

void flush_batch() {
  if (batch_count > 0) write_log(batch, sizeof batch[0] * static_cast<std::uint64_t>(batch_count));
  batch_count = 0;
}

RecordHead head_of(const Call& call, RecordKind kind, std::uint64_t bytes) {
  return {kind, static_cast<std::uint32_t>(bytes), call.index, call.task->index, 0};
}

/// write(2) itself brings the pages it stores to into the page cache before its source faults.
bool fills_page_cache(const script::Op& op) {
  return op.verb == Verb::SysWrite && op.file != script::kNone;
}

void remember(const Call& call, std::uint64_t begin, std::uint64_t bytes) {
  if (bytes == 0 || piece_count == kPieces || begin >= 0x8000'0000'0000u) return;
  const std::uint64_t first = begin / kPage;
  std::uint64_t count = (begin + bytes - 1) / kPage - first + 1;
  if (count > kRemembered - remembered) count = kRemembered - remembered;
  count = call.task->pagemap.read(first, before + remembered, count);
  if (count == 0) return;
  const long cache =
      raw_syscall(SYS_mincore, arg(first * kPage), arg(count * kPage), arg(cached + remembered));
  pieces[piece_count++] = {first, count, remembered, cache == 0 && !fills_page_cache(*call.op)};
  remembered += count;
}

bool allocates(Verb verb) { return verb <= Verb::Mallopt; }

void log_maps(const Call& call) {
  static struct {
    RecordHead head;
    char text[32 * 1024];
  } record;
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  for (std::uint32_t part = 0;; ++part) {
    const long got = raw_syscall(SYS_read, fd, arg(record.text), sizeof record.text);
    if (got <= 0) break;
    record.head = head_of(call, RecordKind::Maps, static_cast<std::uint64_t>(got));
    record.head.extra = part;
    write_log(&record, sizeof record.head + static_cast<std::uint64_t>(got));
  }
  raw_syscall(SYS_close, fd);
}

void note_before(FaultEvidence& evidence) {
  const std::uint64_t page = evidence.address / kPage;
  for (int i = 0; i < piece_count; ++i) {
    const Piece& piece = pieces[i];
    if (page < piece.first || page >= piece.first + piece.count) continue;
    const std::uint64_t index = piece.offset + page - piece.first;
    evidence.before = before[index];
    evidence.known |= FaultEvidence::BeforeKnown;
    if (!piece.has_cached) return;
    evidence.known |= FaultEvidence::CachedKnown;
    if ((cached[index] & 1) != 0) evidence.known |= FaultEvidence::Cached;
    return;
  }
}

/// The huge zero page's frames are told by their flags alone.
void note_flags(const Call& call, FaultEvidence& evidence) {
  const measure::PageEntry entry{evidence.before};
  if (shared.header->with_huge != 0 && entry.frame() != 0)
    evidence.before_flags = call.task->page_flags.at(entry.frame());
}

void note_after(const Call& call, FaultEvidence& evidence) {
  if (evidence.address >= 0x8000'0000'0000u) return;
  if (call.task->pagemap.read(evidence.address / kPage, &evidence.after, 1) == 1)
    evidence.known |= FaultEvidence::AfterKnown;
  if (shared.header->with_huge == 0) return;
  const int huge = measure::mapped_huge(call.task->pagemap, evidence.address);
  if (huge >= 0) evidence.known |= FaultEvidence::HugeKnown;
  if (huge > 0) evidence.known |= FaultEvidence::Huge;
}

void log_event(const Call& call, const measure::FaultEvent& event) {
  if (batch_count == kBatch) flush_batch();
  FaultRecordOut& record = batch[batch_count++];
  record.head = head_of(call, RecordKind::Fault, sizeof record.evidence);
  record.evidence = FaultEvidence{};
  record.evidence.address = event.address;
  record.evidence.instruction_pointer = event.instruction_pointer;
  record.evidence.time_ns = event.time_ns;
  record.evidence.error_code = event.error_code;
  record.evidence.counted = static_cast<std::uint8_t>(event.counted);
  if (event.kernel_mode) record.evidence.known |= FaultEvidence::KernelMode;
  if (shared.header->with_causes == 0) return;
  note_before(record.evidence);
  note_flags(call, record.evidence);
  note_after(call, record.evidence);
}

/// pagemap and kpageflags of each page, as the probe's process sees it.
void answer_states(const Call& call, std::uint32_t index) {
  static struct {
    RecordHead head;
    std::uint64_t entries[2 * kProbedPages];
  } record;
  const PageProbe& probe = shared.probes[index];
  measure::PageMap pagemap;
  open_pagemap_of(probe.process, pagemap);
  const std::uint64_t first = resolve(probe.to, shared.tasks[probe.process].process) / kPage;
  const auto asked = static_cast<std::uint64_t>(probe.pages);
  const std::uint64_t count = asked < kProbedPages ? asked : kProbedPages;
  for (std::uint64_t page = 0; page < count; ++page) {
    const measure::PageEntry entry{pagemap.at(first + page)};
    record.entries[2 * page] = entry.raw();
    record.entries[2 * page + 1] = entry.frame() != 0 ? call.task->page_flags.at(entry.frame()) : 0;
  }
  pagemap.close();
  record.head = head_of(call, RecordKind::Pages, count * 16);
  record.head.extra = index;
  write_log(&record, sizeof record.head + count * 16);
}

/// One byte a page of the file, told by mincore through a mapping nobody touches. Reads that the
/// kernel started on its own are given time to end.
void answer_cached(const Call& call, std::uint32_t index) {
  static struct {
    RecordHead head;
    unsigned char in_memory[kCachePages];
  } record;
  measure::rest(kReadRestNs);
  const long fd = shared.files[shared.probes[index].file];
  const long end = raw_syscall(SYS_lseek, fd, 0, SEEK_END);
  const std::uint64_t pages = end > 0 ? (static_cast<std::uint64_t>(end) + kPage - 1) / kPage : 0;
  if (pages > kCachePages) return;
  if (pages > 0) {
    const long at =
        raw_syscall(SYS_mmap, kScratchAt, arg(pages * kPage), PROT_READ, MAP_SHARED, fd, 0);
    if (at < 0) return;
    raw_syscall(SYS_mincore, at, arg(pages * kPage), arg(record.in_memory));
    raw_syscall(SYS_munmap, at, arg(pages * kPage));
  }
  record.head = head_of(call, RecordKind::Cached, pages);
  record.head.extra = index;
  write_log(&record, sizeof record.head + pages);
}

}  // namespace

void open_instruments(Task& task) noexcept {
  Header& header = *shared.header;
  task.events = measure::FaultEvents{};
  if (header.with_faults != 0) {
    const measure::FaultSources sources{
        header.user_tracepoint,   header.kernel_tracepoint, header.address_offset,
        header.error_code_offset, header.ring_pages,        kRingsAt + task.index * kRingStride};
    const int refused = task.events.open(sources);
    if (refused != 0) header.perf_error = refused;
    header.kernel_mode = task.events.kernel_mode() ? 1 : 0;
    header.error_codes = task.events.error_codes() ? 1 : 0;
  }
  header.has_pagemap = task.pagemap.open("/proc/self/pagemap") == 0 ? 1 : 0;
  header.has_kpageflags = task.page_flags.open("/proc/kpageflags") == 0 ? 1 : 0;
  task.status.open();
  // Everything is used once, so that no first use lies inside a measurement.
  static_cast<void>(task.pagemap.at(reinterpret_cast<std::uint64_t>(&header) / kPage));
  static_cast<void>(task.page_flags.at(1));
  static_cast<void>(task.status.rss());
}

void close_instruments(Task& task) noexcept {
  task.events.close();
  task.pagemap.close();
  task.page_flags.close();
  task.status.close();
}

void learn_zero_page(const Task& task) noexcept {
  const long at =
      raw_syscall(SYS_mmap, kScratchAt, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at < 0) return;
  static_cast<void>(*measure::at_address<const volatile char>(static_cast<std::uint64_t>(at)));
  shared.header->zero_frame =
      measure::PageEntry{task.pagemap.at(static_cast<std::uint64_t>(at) / kPage)}.frame();
  raw_syscall(SYS_munmap, at, kPage);
}

void look_before(const Call& call) noexcept {
  piece_count = 0;
  remembered = 0;
  if (shared.header->with_causes == 0) return;
  const Verb verb = call.op->verb;
  if (maps_dirty || (shared.header->watch_growth != 0 && verb >= Verb::Read)) log_maps(call);
  maps_dirty = false;
  if (verb >= Verb::Read && verb <= Verb::MemWrite) {
    remember(call, call.to, call.length);
    if (verb == Verb::Copy) remember(call, call.from, call.length);
  }
  if (!allocates(verb) || (!sharing && shared.header->settle == 0)) return;
  remember(call, call.to >= 16 ? call.to - 16 : 0, 32);
  const Span globals = allocator_globals();
  remember(call, globals.begin, globals.end - globals.begin);
  for (int i = 0; allocator_data(i).end != 0; ++i)
    remember(call, allocator_data(i).begin, allocator_data(i).end - allocator_data(i).begin);
  const auto end = reinterpret_cast<std::uint64_t>(sbrk(0));
  const std::uint64_t base = shared.header->heap_base;
  // With some pages more: the call may grow the heap.
  if (end >= base) remember(call, base, end - base + kGrowth);
}

void log_faults(const Call& call, bool finish) noexcept {
  call.task->events.drain([&](const measure::FaultEvent& event) { log_event(call, event); },
                          finish);
  flush_batch();
}

void log_signal(const Call& call, const pagesim::SignalInfo& signal) noexcept {
  const SignalRecordOut record{head_of(call, RecordKind::Signal, sizeof signal), signal};
  write_log(&record, sizeof record);
}

void log_rss(const Call& call, const pagesim::Rss& change) noexcept {
  const RssRecordOut record{head_of(call, RecordKind::Rss, sizeof change), change};
  write_log(&record, sizeof record);
}

void answer_probes(const Call& call) noexcept {
  for (std::uint32_t i = 0; i < shared.header->probe_count; ++i) {
    if (shared.probes[i].op != call.index) continue;
    if (shared.probes[i].file == script::kNone)
      answer_states(call, i);
    else
      answer_cached(call, i);
  }
}

void maps_changed() noexcept { maps_dirty = true; }
void pages_shared() noexcept { sharing = true; }

}  // namespace tools::run::child
