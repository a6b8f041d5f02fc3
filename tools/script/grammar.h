// The grammar as a table: for each verb its word and its arguments, read by parser and printer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tools/script/op.h"

namespace tools::script {

/// One argument of a verb and the member of Op it goes to: numbers, places, words, files, tasks, in
/// this order.
enum class Argument : std::uint8_t {
  None,
  Bytes,          ///< a size below 2^63: n
  Count,          ///< calloc's COUNT, an alignment: m
  Delta,          ///< a signed size: n
  Parameter,      ///< mallopt's name or number: m
  EndedName,      ///< a name the call ends: to
  Place,          ///< to
  Source,         ///< a second place: from
  Range,          ///< to, pages, step
  Block,          ///< a range of consecutive pages: to, pages
  Target,         ///< a place and an access size, or a range and `reverse`
  Backing,        ///< anon or a file
  Sharing,        ///< private or shared
  Protection,     ///< prot
  MmapOptions,    ///< populate ... from PAGE, at PLACE, fixed
  MremapOptions,  ///< maymove, at PLACE, dontunmap
  OnfaultOption,  ///< onfault
  Advice,         ///< advice
  NewFile,        ///< a name for a file: file
  File,           ///< a file there is: file
  FileOptions,    ///< sparse, bulk, on disk, on tmpfs
  FileRange,      ///< a file or pages of it
  FilePages,      ///< pages of a file
  FilePage,       ///< a page number: n
  Setting,        ///< a setting and its value: file, n
  ReadSource,     ///< from zero, from FILE
  WriteSink,      ///< to null, to pipe, to FILE
  DirectFile,     ///< from FILE
  PeerPlace,      ///< a process and a place in it: peer, to
  NewProcess,     ///< peer
  EndedProcess,   ///< peer
  NewThread,      ///< peer
  EndedThread     ///< peer
};

/// One verb.
struct Grammar {
  std::string_view word;
  bool binds = false;  ///< `NAME = VERB ...` is allowed
  std::array<Argument, 5> arguments{};
};

[[nodiscard]] const Grammar& grammar_of(Verb verb) noexcept;
[[nodiscard]] std::optional<Verb> verb_of(std::string_view word) noexcept;

}  // namespace tools::script
