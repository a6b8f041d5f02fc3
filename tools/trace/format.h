// The trace file's outermost layer: its first bytes, the frame of a chunk, the kinds of chunks.
#pragma once

#include <cstdint>
#include <string_view>

namespace tools::trace {

/// A file is kFileMagic and then chunks, each `kChunkMagic, length (4 bytes, little-endian), a
/// zstd frame of that length with its checksum`. The first byte in the frame is the kind.
inline constexpr std::string_view kFileMagic{"FLTRACE1", 8};
inline constexpr std::string_view kChunkMagic{"FLTC", 4};
inline constexpr std::size_t kChunkHeaderBytes = 8;

inline constexpr char kInfoChunk = 'I';     ///< JSON: TraceInfo; the first chunk
inline constexpr char kProcessChunk = 'P';  ///< JSON: index and ProcessInfo
inline constexpr char kEventChunk = 'E';    ///< chunk.h
inline constexpr char kEndChunk = 'Z';      ///< JSON: totals and losses; the last chunk

/// No chunk holds more than this; a longer length is damage.
inline constexpr std::uint32_t kLongestChunk = 64u << 20;

}  // namespace tools::trace
