// Where the C library keeps malloc's parameters, by experiment; and what lies there.
#include "tools/inspect/glibc_parameters.h"

#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <map>

#include "tools/inspect/elf_note.h"
#include "tools/inspect/glibc_probe.h"

namespace tools::inspect {
namespace {

/// A tunable, the values it is given in two runs, and what the library then has. Public names and
/// what they set: spec/ptmalloc, tunables.
struct Parameter {
  const char* tunable;
  std::array<std::uint64_t, 2> given;
  std::array<std::uint64_t, 2> kept;
  std::optional<std::uint64_t> heap::Thresholds::*to;
};
constexpr std::array<Parameter, 5> kParameters = {{
    {"mmap_threshold", {1193040, 1397520}, {1193040, 1397520}, &heap::Thresholds::mmap_threshold},
    {"trim_threshold", {2241632, 2372704}, {2241632, 2372704}, &heap::Thresholds::trim_threshold},
    {"top_pad", {144496, 148752}, {144496, 148752}, &heap::Thresholds::top_pad},
    {"mxfast", {40, 88}, {48, 96}, &heap::Thresholds::max_fast},  // the chunk's size
    {"tcache_count", {1237, 3211}, {1237, 3211}, &heap::Thresholds::tcache_count},
}};

/// The C library in a process: where it is mapped, and the data that it writes to.
struct Library {
  VirtAddr base;
  std::string build;
  std::vector<Mapping> data;
};

std::string build_of(const Snapshot& snapshot, VirtAddr base) {
  const auto note = find_note(snapshot, base, "GNU", NT_GNU_BUILD_ID);
  if (!note) return {};
  std::string build(note->bytes, '\0');
  return snapshot.read(note->words, build.data(), build.size()) ? build : std::string{};
}

/// The shared library in whose data, or in the .bss behind it, the byte lies.
std::optional<Library> library_around(const Snapshot& snapshot, VirtAddr byte) {
  Library library;
  bool found = false;
  std::string name;
  VirtAddr end;
  for (const Mapping& mapping : snapshot.mappings) {
    const bool is_bss = mapping.name.empty() && mapping.begin == end && !library.data.empty();
    if (mapping.is_file() && mapping.offset == 0 && mapping.name != name) {
      if (found) break;
      library = {mapping.begin, {}, {}};
      name = mapping.name;
    }
    if (is_bss || (mapping.is_file() && mapping.name == name)) end = mapping.end;
    if (!mapping.writable || (!is_bss && mapping.name != name)) continue;
    library.data.push_back(mapping);
    found = found || (mapping.begin <= byte && byte < mapping.end);
  }
  if (!found) return std::nullopt;
  library.build = build_of(snapshot, library.base);
  return library.build.empty() ? std::nullopt : std::optional{library};
}

/// Of a library with that build ID; the arena is not looked for.
std::optional<Library> library_built_as(const Snapshot& snapshot, const std::string& build) {
  for (const Mapping& mapping : snapshot.mappings) {
    if (!mapping.is_file() || mapping.offset != 0 || build_of(snapshot, mapping.begin) != build) {
      continue;
    }
    for (const Mapping& data : snapshot.mappings) {
      if (data.name == mapping.name && data.writable) return library_around(snapshot, data.begin);
    }
  }
  return std::nullopt;
}

/// Places by parameter, from the library's base; 0: not found, or found more than once.
using Places = std::array<std::uint64_t, kParameters.size()>;

struct Run {
  Snapshot snapshot;
  Library library;
};

std::optional<Run> run_with(std::size_t values, const std::string& build) {
  std::string tunables;
  for (const Parameter& parameter : kParameters) {
    tunables += fmt::format("{}glibc.malloc.{}={}", tunables.empty() ? "" : ":", parameter.tunable,
                            parameter.given[values]);
  }
  auto snapshot = snapshot_of_probe(tunables);
  if (!snapshot) return std::nullopt;
  const auto library = library_built_as(*snapshot, build);
  if (!library) return std::nullopt;
  return Run{std::move(*snapshot), *library};
}

std::uint64_t place_of(const Parameter& parameter, const Run& first, const Run& second) {
  std::uint64_t place = 0;
  for (const Mapping& data : first.library.data) {
    for (VirtAddr at = data.begin; at < data.end; at += 8) {
      const std::uint64_t offset = at - first.library.base;
      if (first.snapshot.word(at) != parameter.kept[0]) continue;
      if (second.snapshot.word(second.library.base + offset) != parameter.kept[1]) continue;
      if (place != 0) return 0;
      place = offset;
    }
  }
  return place;
}

Places search_places(const std::string& build) {
  Places places{};
  const auto first = run_with(0, build), second = run_with(1, build);
  if (!first || !second) return places;
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i] = place_of(kParameters[i], *first, *second);
  }
  return places;
}

/// Searched for once, since a build's do not change.
const Places& places_in(const std::string& build) {
  static std::map<std::string, Places> known;
  const auto found = known.find(build);
  return found != known.end() ? found->second
                              : known.emplace(build, search_places(build)).first->second;
}

}  // namespace

heap::Thresholds glibc_thresholds(const Snapshot& snapshot, VirtAddr arena) {
  heap::Thresholds thresholds;
  const auto library = library_around(snapshot, arena);
  if (!library) return thresholds;
  const Places& places = places_in(library->build);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] == 0) continue;
    thresholds.*kParameters[i].to = snapshot.word(library->base + places[i]);
  }
  return thresholds;
}

}  // namespace tools::inspect
