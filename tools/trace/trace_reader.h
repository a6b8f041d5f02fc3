// Reads a trace file, whole or torn.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/trace/chunk.h"
#include "tools/trace/event.h"
#include "tools/trace/trace_writer.h"

namespace tools::trace {

/// A file's bytes, mapped.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  ///< throws TraceError
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

 private:
  std::string_view bytes_;
};

/// What a trace tells. Opening reads the whole file once and checks every chunk; a file that was
/// cut off or damaged is read up to its last whole chunk.
class TraceReader {
 public:
  /// Throws TraceError when the file cannot be read or does not start as a trace.
  explicit TraceReader(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const TraceInfo& info() const noexcept { return info_; }
  [[nodiscard]] const std::vector<ProcessInfo>& processes() const noexcept { return processes_; }
  [[nodiscard]] const Losses& losses() const noexcept { return losses_; }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  /// What is missing at the file's end, one sentence; nothing when it is whole.
  [[nodiscard]] const std::optional<std::string>& torn() const noexcept { return torn_; }
  /// The process with the most events, the first of equals. Throws TraceError: there is none.
  [[nodiscard]] std::uint32_t busiest() const;

 private:
  friend class EventCursor;
  struct ChunkPlace {
    std::uint32_t process;
    std::string_view frame;  ///< compressed
  };

  void scan();
  void take_chunk(std::string_view frame, const std::string& content);
  void take_events(std::string_view frame, std::string_view content);
  void note_end(std::uint64_t offset);
  ProcessInfo& process(std::uint32_t index);

  std::string path_;
  std::shared_ptr<const MappedFile> file_;
  TraceInfo info_;
  std::vector<ProcessInfo> processes_;
  std::vector<ChunkPlace> chunks_;
  std::uint64_t events_ = 0;
  Losses losses_;
  bool ended_ = false;
  std::optional<std::string> torn_;
};

/// The events of one process, from its start (or its fork) on.
class EventCursor {
 public:
  EventCursor(const TraceReader& reader, std::uint32_t process)
      : reader_{reader}, process_{process} {}
  /// The next event, valid until the next call; null after the last. Throws TraceError when a chunk
  /// holds no events that make sense.
  [[nodiscard]] const Event* next();

 private:
  bool next_chunk();

  const TraceReader& reader_;
  std::uint32_t process_;
  std::size_t chunk_ = 0;
  EventChunk events_;
  std::size_t at_ = 0;
};

/// Whether the bytes a file starts with are a trace's; other files are scripts.
[[nodiscard]] bool is_trace(const std::string& path);

}  // namespace tools::trace
