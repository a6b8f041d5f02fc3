// Writes a trace file, chunk by chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tools/trace/chunk.h"
#include "tools/trace/event.h"

namespace tools::trace {

/// What a recording lost, so that a reader can say so.
struct Losses {
  std::uint64_t unmatched_frees = 0;  ///< of blocks nobody was seen to allocate
  std::uint64_t inferred_frees = 0;   ///< not seen, but the address was handed out again
  std::uint32_t threads = 0;          ///< more at once than the recorder has rings
  std::uint32_t processes = 0;
};

/// Every chunk is handed to the kernel whole: whatever happens to the writer, the file can be read
/// up to the last one.
class TraceWriter {
 public:
  /// Throws TraceError when the file cannot be made, or is there and `replace` is false.
  TraceWriter(std::string path, const TraceInfo& info, bool replace);
  ~TraceWriter();
  TraceWriter(TraceWriter&&) noexcept;

  /// Before the process's first events; again when it has ended, then with its totals.
  void write(std::uint32_t index, const ProcessInfo& process);
  void write(const ChunkEncoder& events);
  /// The last chunk: without it a trace counts as torn.
  void finish(std::uint64_t events, const Losses& losses);

  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  struct State;
  void write_chunk(char kind, std::string_view content);
  std::unique_ptr<State> state_;
};

}  // namespace tools::trace
