// A run of one process's events as bytes, readable without the runs before it.
#include "tools/trace/chunk.h"

#include <algorithm>
#include <iterator>

#include "tools/trace/address_guess.h"
#include "tools/trace/varint.h"

namespace tools::trace {
namespace {

using script::Verb;

// An event's first byte: 4 bits of verb and what else there is to know.
constexpr unsigned kForkCode = 11;
constexpr unsigned kWriteCode = 12;
constexpr unsigned kReadCode = 13;
constexpr unsigned kMappingCode = 14;  // which one stands in the extras
constexpr unsigned kVerbBits = 15;
constexpr unsigned kOtherThread = 16;  // than the event before
constexpr unsigned kFailed = 32;
constexpr unsigned kInferred = 64;

constexpr Verb kMappingVerbs[] = {Verb::Mmap, Verb::Munmap, Verb::Mprotect, Verb::Madvise,
                                  Verb::Mremap};

bool is_mapping(Verb verb) {
  return verb == Verb::Mmap || verb == Verb::Mremap || changes_mapping(verb);
}

unsigned code_of(Verb verb) {
  if (is_mapping(verb)) return kMappingCode;
  if (verb == Verb::Fork) return kForkCode;
  if (verb == Verb::Write) return kWriteCode;
  if (verb == Verb::Read) return kReadCode;
  return static_cast<unsigned>(verb);
}

Verb verb_of(unsigned code, VarintReader& extras) {
  if (code == kMappingCode) {
    const std::uint64_t which = extras.take();
    if (which < std::size(kMappingVerbs)) return kMappingVerbs[which];
  }
  if (code == kForkCode) return Verb::Fork;
  if (code == kWriteCode) return Verb::Write;
  if (code == kReadCode) return Verb::Read;
  if (code > kReadCode) throw TraceError("an event of a kind this version does not know");
  return static_cast<Verb>(code);
}

bool has_size(Verb verb) { return verb != Verb::Free && verb != Verb::Fork; }

bool has_extra(Verb verb) {
  switch (verb) {
    case Verb::Calloc:
    case Verb::Memalign:
    case Verb::AlignedAlloc:
    case Verb::PosixMemalign:
    case Verb::Mallopt:
      return true;
    default:
      return is_mapping(verb);
  }
}

bool names_a_block(Verb verb) {
  return verb == Verb::Free || is_touch(verb) || changes_mapping(verb);
}

bool gives_up_a_block(Verb verb) { return verb == Verb::Realloc || verb == Verb::Mremap; }

void remember_freed(AddressGuess& guess, const Event& event) {
  if (event.verb == Verb::Free) guess.gave_back(event.block);
  if (event.verb == Verb::Realloc && event.old_block != kNoBlock) guess.gave_back(event.old_block);
}

class Decoder {
 public:
  Decoder(BlockNumber first_block, VarintReader& from)
      : codes_{from.take_bytes()},
        threads_{from.take_bytes()},
        sizes_{from.take_bytes()},
        extras_{from.take_bytes()},
        ages_{from.take_bytes()},
        addresses_{from.take_bytes()},
        next_block_{first_block},
        with_addresses_{!addresses_.empty()} {
    guess_.begin(first_block);
  }

  [[nodiscard]] bool good(std::uint64_t count) const {
    return codes_.size() == count && threads_.good() && sizes_.good() && extras_.good() &&
           ages_.good() && addresses_.good();
  }

  Event take(std::size_t i) {
    const auto code = static_cast<unsigned char>(codes_[i]);
    Event event{.verb = verb_of(code & kVerbBits, extras_), .inferred = (code & kInferred) != 0};
    if ((code & kOtherThread) != 0) thread_ = static_cast<std::uint32_t>(threads_.take());
    event.thread = thread_;
    if (has_size(event.verb)) event.n = sizes_.take();
    if (has_extra(event.verb)) event.m = extras_.take();
    if (names_a_block(event.verb)) event.block = take_age();
    if (gives_up_a_block(event.verb)) event.old_block = take_age();
    const bool succeeded = allocates(event.verb) && (code & kFailed) == 0;
    if (succeeded) event.block = next_block_;
    if (with_addresses_) take_address(event);
    if (succeeded) ++next_block_;
    return event;
  }

 private:
  BlockNumber take_age() {
    const std::uint64_t age = ages_.take();
    if (age >= next_block_) throw TraceError("an event names a block that was never allocated");
    return age == 0 ? kNoBlock : next_block_ - age;
  }

  void take_address(Event& event) {
    remember_freed(guess_, event);
    if (!allocates(event.verb) || event.block == kNoBlock) return;
    const std::uint64_t size = event.bytes_asked();
    const std::uint64_t written = addresses_.take();
    event.address = written == 0
                        ? guess_.reused(size).value_or(0)
                        : guess_.following() + static_cast<std::uint64_t>(unzigzag(written - 1));
    guess_.allocated(size, event.address);
  }

  std::string_view codes_;
  VarintReader threads_, sizes_, extras_, ages_, addresses_;
  BlockNumber next_block_;
  std::uint32_t thread_ = 0;
  bool with_addresses_;
  AddressGuess guess_;
};

EventChunk take_head(VarintReader& from, std::uint64_t& count) {
  EventChunk chunk;
  chunk.process = static_cast<std::uint32_t>(from.take());
  chunk.first_event = from.take();
  chunk.first_block = from.take();
  count = from.take();
  if (!from.good()) throw TraceError("a chunk of events is cut short");
  return chunk;
}

}  // namespace

ChunkEncoder::ChunkEncoder(std::uint32_t process, bool addresses)
    : process_{process}, with_addresses_{addresses} {}

void ChunkEncoder::begin(std::uint64_t first_event, BlockNumber first_block) {
  first_event_ = first_event;
  first_block_ = next_block_ = first_block;
  thread_ = 0;
  guess_.begin(first_block);
  for (Column* column : {&codes_, &threads_, &sizes_, &extras_, &ages_, &addresses_}) {
    column->clear();
  }
}

void ChunkEncoder::put(const Event& event) {
  put_code(event);
  if (is_mapping(event.verb)) {
    const auto* const which =
        std::find(std::begin(kMappingVerbs), std::end(kMappingVerbs), event.verb);
    extras_.put(static_cast<std::uint64_t>(which - kMappingVerbs));
  }
  if (has_size(event.verb)) sizes_.put(event.n);
  if (has_extra(event.verb)) extras_.put(event.m);
  if (names_a_block(event.verb)) put_age(event.block);
  if (gives_up_a_block(event.verb)) put_age(event.old_block);
  if (with_addresses_) put_address(event);
  if (allocates(event.verb) && event.block != kNoBlock) next_block_ = event.block + 1;
}

void ChunkEncoder::put_code(const Event& event) {
  unsigned code = code_of(event.verb);
  if (event.thread != thread_) code |= kOtherThread;
  if (allocates(event.verb) && event.block == kNoBlock) code |= kFailed;
  if (event.inferred) code |= kInferred;
  codes_.put_byte(code);
  if (event.thread != thread_) threads_.put(event.thread);
  thread_ = event.thread;
}

/// How many blocks ago it was allocated; 0: no block.
void ChunkEncoder::put_age(BlockNumber block) {
  ages_.put(block == kNoBlock ? 0 : next_block_ - block);
}

/// 0: the address given back last; else its distance from the one expected, plus one.
void ChunkEncoder::put_address(const Event& event) {
  remember_freed(guess_, event);
  if (!allocates(event.verb) || event.block == kNoBlock) return;
  const std::uint64_t size = event.bytes_asked();
  if (guess_.reused(size) == event.address) {
    addresses_.put_byte(0);
  } else {
    const auto distance = static_cast<std::int64_t>(event.address - guess_.following());
    addresses_.put(zigzag(distance) + 1);
  }
  guess_.allocated(size, event.address);
}

std::string ChunkEncoder::bytes() const {
  std::string all;
  put_varint(all, process_);
  put_varint(all, first_event_);
  put_varint(all, first_block_);
  put_varint(all, codes_.size());
  for (const Column* column : {&codes_, &threads_, &sizes_, &extras_, &ages_, &addresses_}) {
    put_varint(all, column->size());
    all += column->view();
  }
  return all;
}

EventChunk decode_head(std::string_view bytes, std::uint64_t& count) {
  VarintReader from{bytes};
  return take_head(from, count);
}

EventChunk decode_events(std::string_view bytes) {
  VarintReader from{bytes};
  std::uint64_t count = 0;
  EventChunk chunk = take_head(from, count);
  Decoder decoder{chunk.first_block, from};
  if (!from.good() || !decoder.good(count)) throw TraceError("a chunk of events is cut short");
  chunk.events.reserve(count);
  for (std::size_t i = 0; i < count; ++i) chunk.events.push_back(decoder.take(i));
  if (!decoder.good(count)) throw TraceError("a chunk of events is cut short");
  return chunk;
}

}  // namespace tools::trace
