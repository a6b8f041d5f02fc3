// A run of one process's events as bytes, readable without the runs before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/trace/address_guess.h"
#include "tools/trace/column.h"
#include "tools/trace/event.h"

namespace tools::trace {

inline constexpr std::size_t kChunkEvents = 65536;

/// Events `first_event`, ... of a process, whose first allocation returns block `first_block`.
struct EventChunk {
  std::uint32_t process = 0;
  std::uint64_t first_event = 0;
  BlockNumber first_block = 1;
  std::vector<Event> events;
};

/// Makes a chunk of events as they come; the layout is drawn in README.md. Blocks must be numbered
/// as BlockNumber says: an allocation that succeeds returns the next one.
class ChunkEncoder {
 public:
  /// Addresses are left out unless `addresses`.
  ChunkEncoder(std::uint32_t process, bool addresses);

  /// Starts anew.
  void begin(std::uint64_t first_event, BlockNumber first_block);
  /// At most kChunkEvents of them.
  void put(const Event& event);
  [[nodiscard]] std::size_t size() const noexcept { return codes_.size(); }
  [[nodiscard]] std::string bytes() const;

 private:
  void put_code(const Event& event);
  void put_age(BlockNumber block);
  void put_address(const Event& event);

  std::uint32_t process_;
  bool with_addresses_;
  std::uint64_t first_event_ = 0;
  BlockNumber first_block_ = 1;
  BlockNumber next_block_ = 1;
  std::uint32_t thread_ = 0;
  AddressGuess guess_;
  // The columns: like goes next to like, which is what the compressor lives on.
  Column codes_{kChunkEvents}, threads_{kChunkEvents}, sizes_{kChunkEvents}, extras_{kChunkEvents},
      ages_{kChunkEvents}, addresses_{kChunkEvents};
};

/// Throws TraceError when the bytes are no chunk.
[[nodiscard]] EventChunk decode_events(std::string_view bytes);
/// The chunk without its events; `count` is how many there are.
[[nodiscard]] EventChunk decode_head(std::string_view bytes, std::uint64_t& count);

}  // namespace tools::trace
