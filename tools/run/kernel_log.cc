// Reading the child's log.
#include "tools/run/kernel_log.h"

#include <cstring>
#include <map>
#include <unordered_map>

#include "tools/run/address_map.h"
#include "tools/run/page_words.h"

namespace tools::run {
namespace {

using child::FaultEvidence;
using child::RecordHead;
using child::RecordKind;
using measure::PageEntry;
using pagesim::Access;
using script::Verb;

/// The access a line makes wherever it makes one, for faults whose error code is not known.
std::optional<Access> access_of(Verb verb) {
  switch (verb) {
    case Verb::Read:
    case Verb::SysWrite:
      return Access::Read;
    case Verb::Write:
    case Verb::Update:
    case Verb::CasFail:
    case Verb::Fill:
    case Verb::SysRead:
      return Access::Write;
    case Verb::Exec:
      return Access::Execute;
    default:
      return std::nullopt;
  }
}

/// Operations whose kernel side replaces pages without a fault event.
bool may_get_user_pages(const script::Op& op) {
  switch (op.verb) {
    case Verb::Mmap:
    case Verb::Madvise:
    case Verb::Mlock:
    case Verb::DirectRead:
    case Verb::VmRead:
    case Verb::VmWrite:
    case Verb::MemWrite:
      return true;
    default:
      return false;
  }
}

class LogReader {
 public:
  LogReader(const script::Program& program, SharedImage& image, std::size_t cache_probes)
      : program_{program}, image_{image}, header_{image.header()} {
    outcome_.pages.resize(header_.probe_count - cache_probes);
    outcome_.cached.resize(cache_probes);
  }

  RunOutcome read() {
    read_results();
    if (header_.error_codes == 0) {
      each_record([this](const RecordHead& head, std::string_view bytes) {
        if (head.kind == RecordKind::Fault)
          ++on_page_[key(head.op, value<FaultEvidence>(bytes).address)];
      });
    }
    each_record([this](const RecordHead& head, std::string_view bytes) { take(head, bytes); });
    return std::move(outcome_);
  }

 private:
  template <class T>
  static T value(std::string_view bytes) {
    T read;
    std::memcpy(static_cast<void*>(&read), bytes.data(), sizeof read);
    return read;
  }

  template <class Take>
  void each_record(Take take_one) {
    std::string_view log = image_.log();
    while (log.size() >= sizeof(RecordHead)) {
      const auto head = value<RecordHead>(log);
      if (log.size() < sizeof head + head.bytes) break;  // the child was killed while writing
      take_one(head, log.substr(sizeof head, head.bytes));
      log.remove_prefix(sizeof head + head.bytes);
    }
  }

  /// A page within an operation. Two that share a key only make a cause unknown.
  static std::uint64_t key(std::uint64_t op, std::uint64_t address) {
    return op << 40 ^ address / child::kPage;
  }

  [[nodiscard]] std::uint64_t since_start(std::uint64_t ns) const {
    return ns == 0 ? 0 : ns - header_.started_ns;
  }

  void read_results() {
    for (const child::TaskSlot& task : image_.tasks()) outcome_.pids.push_back(task.pid.load());
    for (const child::OpResult& result : image_.results()) {
      OpOutcome op;
      op.minor = result.minor;
      op.major = result.major;
      op.ran = result.ran != 0;
      op.address = result.address;
      op.error = result.error;
      op.returned = result.returned;
      op.started_ns = since_start(result.started_ns);
      op.ended_ns = since_start(result.ended_ns);
      if (result.fault_ns != 0) op.fault_ns = static_cast<double>(result.fault_ns);
      outcome_.ops.push_back(op);
    }
  }

  void take(const RecordHead& head, std::string_view bytes) {
    switch (head.kind) {
      case RecordKind::Fault:
        return take_fault(head, value<FaultEvidence>(bytes));
      case RecordKind::Signal:
        outcome_.signals.emplace_back(head.op, value<pagesim::SignalInfo>(bytes));
        return;
      case RecordKind::Rss:
        outcome_.rss.emplace_back(head.op, value<pagesim::Rss>(bytes));
        return;
      case RecordKind::Maps:
        return take_maps(head, bytes);
      case RecordKind::Pages:
        return take_pages(head, bytes);
      case RecordKind::Cached:
        return take_cached(head, bytes);
    }
  }

  void take_maps(const RecordHead& head, std::string_view text) {
    const std::uint32_t process = image_.tasks()[head.task].process;
    if (head.extra == 0) maps_text_.clear();
    maps_text_ += text;
    maps_[process] = AddressMap::parse(maps_text_);
  }

  void take_pages(const RecordHead& head, std::string_view bytes) {
    PageStates& states = outcome_.pages[head.extra];
    states.op = head.op;
    for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) {
      const PageEntry entry{value<std::uint64_t>(bytes.substr(at))};
      const auto flags = value<std::uint64_t>(bytes.substr(at + 8));
      states.states.push_back(page_word(entry, flags));
      states.letters.push_back(page_letters(entry, flags));
    }
  }

  /// Probes about files come after those about pages.
  void take_cached(const RecordHead& head, std::string_view in_memory) {
    PageRuns runs;
    for (std::uint64_t page = 0; page < in_memory.size(); ++page) {
      if ((in_memory[page] & 1) == 0) continue;
      if (runs.empty() || runs.back().second + 1 != page) runs.emplace_back(page, page);
      runs.back().second = page;
    }
    outcome_.cached.at(head.extra - outcome_.pages.size()) = std::move(runs);
  }

  void take_fault(const RecordHead& head, const FaultEvidence& seen) {
    pagesim::FaultRecord record;
    record.sequence = outcome_.faults.size();
    record.address = pagesim::VirtAddr{seen.address};
    record.instruction_pointer = seen.instruction_pointer;
    record.time_ns = since_start(seen.time_ns);
    record.process = image_.tasks()[head.task].process;
    record.thread = image_.tasks()[head.task].thread;
    if (seen.error_code >= 0) record.error_code = static_cast<std::uint16_t>(seen.error_code);
    const bool kernel = (seen.known & FaultEvidence::KernelMode) != 0;
    record.mode = kernel ? pagesim::Mode::Kernel : pagesim::Mode::User;
    constexpr pagesim::Outcome kOutcomes[] = {pagesim::Outcome::Signal, pagesim::Outcome::Minor,
                                              pagesim::Outcome::Major};
    record.outcome = kOutcomes[seen.counted];
    record.access = access(head, seen);
    record.cause = cause(head, seen, record);
    OpOutcome& op = outcome_.ops[head.op];
    if (op.fault_count++ == 0) op.first_fault = record.sequence;
    outcome_.faults.push_back(record);
  }

  std::optional<Access> access(const RecordHead& head, const FaultEvidence& seen) const {
    if (seen.error_code >= 0) return access_of_error(static_cast<std::uint16_t>(seen.error_code));
    const auto told = access_of(program_.ops[head.op].verb);
    return told || !is_first_write(head, seen) ? told : Access::Write;
  }

  /// Without error codes: an absent page that one single fault of the operation turned into an
  /// anonymous page mapped nowhere else was written. (The zero page is mapped by many.)
  bool is_first_write(const RecordHead& head, const FaultEvidence& seen) const {
    constexpr auto kBoth = FaultEvidence::BeforeKnown | FaultEvidence::AfterKnown;
    if ((seen.known & kBoth) != kBoth) return false;
    const PageEntry before{seen.before};
    const PageEntry after{seen.after};
    const bool absent = !before.present() && !before.swapped();
    return absent && after.present() && !after.file() && after.exclusive() &&
           on_page_.at(key(head.op, seen.address)) == 1;
  }

  /// Backing of an address the maps do not know: an allocator call may have mapped it meanwhile,
  /// and allocators map private anonymous memory only.
  Backing backing(const RecordHead& head, std::uint64_t address) const {
    const auto map = maps_.find(image_.tasks()[head.task].process);
    if (map == maps_.end()) return Backing::Anonymous;
    const Backing found = map->second.backing(address);
    const bool allocates = program_.ops[head.op].verb <= Verb::Mallopt;
    const bool may_grow = header_.watch_growth != 0 && !allocates;
    return found == Backing::Nothing && !may_grow ? Backing::Anonymous : found;
  }

  pagesim::Cause cause(const RecordHead& head, const FaultEvidence& seen,
                       const pagesim::FaultRecord& record) {
    SeenFault fault;
    fault.outcome = record.outcome;
    fault.error_code = record.error_code;
    fault.access = record.access;
    fault.backing = backing(head, seen.address);
    fault.zero_frame = header_.zero_frame;
    const auto known = [&](FaultEvidence::Known bit) { return (seen.known & bit) != 0; };
    if (known(FaultEvidence::BeforeKnown)) fault.before = PageEntry{seen.before};
    if (known(FaultEvidence::AfterKnown)) fault.after = PageEntry{seen.after};
    if (known(FaultEvidence::CachedKnown)) fault.in_page_cache = known(FaultEvidence::Cached);
    if (known(FaultEvidence::HugeKnown)) fault.huge = known(FaultEvidence::Huge);
    fault.was_zero =
        (seen.before_flags & measure::page_flag::kZeroPage) != 0 || still_zero(head, seen.address);
    const pagesim::Cause found =
        header_.with_causes == 0 ? pagesim::Cause::Unknown : cause_of(fault);
    const std::uint64_t page = seen.address / child::kPage;
    if (found == pagesim::Cause::StackGrowth) maps_[record.process].grow_down(page * child::kPage);
    if (found == pagesim::Cause::ZeroRead) {
      zero_reads_[page] = record.process;
    } else {
      zero_reads_.erase(page);
    }
    return found;
  }

  /// The page map is not read before an allocator's call, nor between two faults of one operation.
  /// A zero page mapped earlier is still there then: only a fault replaces it, or get_user_pages,
  /// whose faults leave no record.
  bool still_zero(const RecordHead& head, std::uint64_t address) {
    for (; looked_at_ < head.op; ++looked_at_) {
      if (may_get_user_pages(program_.ops[looked_at_])) zero_reads_.clear();
    }
    const auto found = zero_reads_.find(address / child::kPage);
    return found != zero_reads_.end() && found->second == image_.tasks()[head.task].process;
  }

  const script::Program& program_;
  SharedImage& image_;
  const child::Header& header_;
  RunOutcome outcome_;
  std::string maps_text_;
  std::map<std::uint32_t, AddressMap> maps_;                  // by process
  std::unordered_map<std::uint64_t, std::uint32_t> on_page_;  // key() -> faults there
  std::unordered_map<std::uint64_t, std::uint32_t>
      zero_reads_;               // page -> process that has zero there
  std::uint64_t looked_at_ = 0;  // operations before it are accounted for in zero_reads_
};

}  // namespace

RunOutcome read_outcome(const script::Program& program, SharedImage& image,
                        std::size_t cache_probes) {
  return LogReader{program, image, cache_probes}.read();
}

}  // namespace tools::run
