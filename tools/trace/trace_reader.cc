// Reads a trace file, whole or torn.
#include "tools/trace/trace_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "tools/trace/format.h"
#include "tools/trace/trace_json.h"

namespace tools::trace {
namespace {

constexpr std::uint32_t kMostProcesses = 1u << 20;

[[noreturn]] void cannot_read(const std::string& path) {
  throw TraceError("cannot read " + path + ": " + std::strerror(errno));
}

/// Nothing when the frame is damaged.
std::optional<std::string> decompress(std::string_view frame) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size == 0 ||
      size > kLongestChunk) {
    return std::nullopt;
  }
  std::string content(size, '\0');
  const std::size_t got =
      ZSTD_decompress(content.data(), content.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != size) return std::nullopt;
  return content;
}

/// The frame of the chunk that starts `bytes`; nothing when it is not all there.
std::optional<std::string_view> first_frame(std::string_view bytes) {
  if (bytes.size() < kChunkHeaderBytes || !bytes.starts_with(kChunkMagic)) return std::nullopt;
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= std::uint32_t{static_cast<unsigned char>(bytes[kChunkMagic.size() + i])} << 8 * i;
  }
  if (length > kLongestChunk || length > bytes.size() - kChunkHeaderBytes) return std::nullopt;
  return bytes.substr(kChunkHeaderBytes, length);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) cannot_read(path);
  struct stat status {};
  void* at = nullptr;
  const bool sized = fstat(fd, &status) == 0;
  const auto size = static_cast<std::size_t>(status.st_size);
  if (sized && size != 0) at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  const int error = errno;
  close(fd);
  errno = error;
  if (!sized || at == MAP_FAILED) cannot_read(path);
  if (size != 0) bytes_ = {static_cast<const char*>(at), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

bool is_trace(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::array<char, kFileMagic.size()> start{};
  return file.read(start.data(), start.size()) &&
         std::string_view{start.data(), start.size()} == kFileMagic;
}

TraceReader::TraceReader(std::string path)
    : path_{std::move(path)}, file_{std::make_shared<const MappedFile>(path_)} {
  if (!file_->bytes().starts_with(kFileMagic)) {
    throw TraceError(path_ + " is no trace: make one with faultline record");
  }
  scan();
}

void TraceReader::scan() {
  const std::string_view bytes = file_->bytes();
  std::uint64_t offset = kFileMagic.size();
  while (!ended_) {
    const auto frame = first_frame(bytes.substr(offset));
    if (!frame) break;
    const auto content = decompress(*frame);
    if (!content) break;
    take_chunk(*frame, *content);
    offset += kChunkHeaderBytes + frame->size();
  }
  note_end(offset);
}

void TraceReader::take_chunk(std::string_view frame, const std::string& content) {
  const std::string_view rest = std::string_view{content}.substr(1);
  switch (content.front()) {
    case kInfoChunk:
      info_ = info_from_json(rest);
      return;
    case kProcessChunk: {
      const auto [index, told] = process_from_json(rest);
      ProcessInfo& known = process(index);
      const std::uint64_t events = known.events;
      known = told;
      known.events = events;
      return;
    }
    case kEventChunk:
      return take_events(frame, rest);
    case kEndChunk:
      losses_ = end_from_json(rest).second;
      ended_ = true;
      return;
    default:
      throw TraceError(path_ + " was made by a later version: it has a chunk of kind '" +
                       content.front() + "'");
  }
}

void TraceReader::take_events(std::string_view frame, std::string_view content) {
  std::uint64_t count = 0;
  const EventChunk head = decode_head(content, count);
  process(head.process).events += count;
  events_ += count;
  chunks_.push_back({head.process, frame});
}

ProcessInfo& TraceReader::process(std::uint32_t index) {
  if (index >= kMostProcesses)
    throw TraceError(path_ + " is damaged: it names process " + std::to_string(index));
  if (index >= processes_.size()) processes_.resize(index + 1);
  return processes_[index];
}

void TraceReader::note_end(std::uint64_t offset) {
  const std::uint64_t lost = file_->bytes().size() - offset;
  if (lost != 0) {
    torn_ = path_ + " is damaged or cut short: its last " + std::to_string(lost) +
            " bytes are no whole chunk; the " + std::to_string(events_) +
            " events before them are read";
  } else if (!ended_) {
    torn_ = path_ + " has no end: its recording was broken off after " + std::to_string(events_) +
            " events";
  }
}

std::uint32_t TraceReader::busiest() const {
  const auto most = std::max_element(
      processes_.begin(), processes_.end(),
      [](const ProcessInfo& a, const ProcessInfo& b) { return a.events < b.events; });
  if (most == processes_.end())
    throw TraceError(path_ + " tells of no process: nothing was recorded");
  return static_cast<std::uint32_t>(most - processes_.begin());
}

const Event* EventCursor::next() {
  while (at_ == events_.events.size()) {
    if (!next_chunk()) return nullptr;
  }
  return &events_.events[at_++];
}

bool EventCursor::next_chunk() {
  while (chunk_ < reader_.chunks_.size() && reader_.chunks_[chunk_].process != process_) ++chunk_;
  if (chunk_ == reader_.chunks_.size()) return false;
  const auto content = decompress(reader_.chunks_[chunk_++].frame);
  if (!content) throw TraceError(reader_.path_ + " changed while it was read");
  events_ = decode_events(std::string_view{*content}.substr(1));
  at_ = 0;
  return true;
}

}  // namespace tools::trace
