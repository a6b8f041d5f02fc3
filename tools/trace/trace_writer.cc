// Writes a trace file, chunk by chunk.
#include "tools/trace/trace_writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>

#include "tools/trace/format.h"
#include "tools/trace/trace_json.h"

namespace tools::trace {
namespace {

constexpr int kLevel = 6;

int open_file(const std::string& path, bool replace) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL);
  const int fd = open(path.c_str(), flags, 0666);
  if (fd >= 0) return fd;
  if (errno == EEXIST) {
    throw TraceError(path + " is there already; --force replaces it");
  }
  throw TraceError("cannot make " + path + ": " + std::strerror(errno));
}

void write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw TraceError("cannot write " + path + ": " + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace

struct TraceWriter::State {
  struct FreeContext {
    void operator()(ZSTD_CCtx* unused) const { ZSTD_freeCCtx(unused); }
  };

  std::string path;
  int fd = -1;
  std::uint64_t bytes = 0;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
  std::string raw, packed;

  ~State() {
    if (fd >= 0) close(fd);
  }
};

TraceWriter::TraceWriter(std::string path, const TraceInfo& info, bool replace)
    : state_{std::make_unique<State>()} {
  state_->path = std::move(path);
  state_->fd = open_file(state_->path, replace);
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1);
  write_all(state_->fd, kFileMagic, state_->path);
  state_->bytes = kFileMagic.size();
  write_chunk(kInfoChunk, to_json(info));
}

TraceWriter::~TraceWriter() = default;
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;

void TraceWriter::write(std::uint32_t index, const ProcessInfo& process) {
  write_chunk(kProcessChunk, to_json(index, process));
}

void TraceWriter::write(const ChunkEncoder& events) { write_chunk(kEventChunk, events.bytes()); }

void TraceWriter::finish(std::uint64_t events, const Losses& losses) {
  write_chunk(kEndChunk, to_json(events, losses));
}

std::uint64_t TraceWriter::bytes() const noexcept { return state_->bytes; }

void TraceWriter::write_chunk(char kind, std::string_view content) {
  State& s = *state_;
  s.raw.assign(1, kind);
  s.raw += content;
  s.packed.resize(kChunkHeaderBytes + ZSTD_compressBound(s.raw.size()));
  const std::size_t length =
      ZSTD_compress2(s.context.get(), s.packed.data() + kChunkHeaderBytes,
                     s.packed.size() - kChunkHeaderBytes, s.raw.data(), s.raw.size());
  if (ZSTD_isError(length) != 0) throw TraceError("cannot compress: out of memory");
  s.packed.resize(kChunkHeaderBytes + length);
  kChunkMagic.copy(s.packed.data(), kChunkMagic.size());
  for (std::size_t i = 0; i < 4; ++i) {
    s.packed[kChunkMagic.size() + i] = static_cast<char>(length >> 8 * i & 0xff);
  }
  write_all(s.fd, s.packed, s.path);
  s.bytes += s.packed.size();
}

}  // namespace tools::trace
