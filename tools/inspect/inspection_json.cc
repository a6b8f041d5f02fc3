// An inspection for a program.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/inspect/inspection.h"
#include "tools/inspect/process_reader.h"

namespace tools::inspect {
namespace {

using heap::ChunkState;
using report::Json;

std::string hex(VirtAddr at) { return fmt::format("{:#x}", at.raw()); }

Json or_null(VirtAddr at) { return at.is_null() ? Json(nullptr) : Json(hex(at)); }
Json or_null(const std::optional<std::uint64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json to_json(const heap::Chunk& chunk) {
  const bool listed = heap::is_free(chunk.state) && chunk.state != ChunkState::Unsorted &&
                      chunk.state != ChunkState::Unlisted && chunk.state != ChunkState::Top;
  return {{"address", hex(chunk.at)},
          {"bytes", chunk.state == ChunkState::Broken ? Json(nullptr) : Json(chunk.size)},
          {"prev_inuse", (chunk.flags & allocator::kPrevInuse) != 0},
          {"is_mmapped", (chunk.flags & allocator::kIsMmapped) != 0},
          {"non_main_arena", (chunk.flags & allocator::kNonMainArena) != 0},
          {"state", to_string(chunk.state)},
          {"list", listed ? Json(chunk.number) : Json(nullptr)}};
}

Json regions_json(const heap::HeapPicture& picture, bool chunks) {
  Json regions = Json::array();
  for (const heap::Region& region : picture.regions) {
    Json one{{"arena", region.mapped ? Json(nullptr) : Json(region.arena)},
             {"mapped", region.mapped},
             {"begin", hex(region.begin)},
             {"end", hex(region.end)},
             {"chunk_count", region.chunks.size()}};
    if (chunks) {
      one["chunks"] = Json::array();
      for (const heap::Chunk& chunk : region.chunks) one["chunks"].push_back(to_json(chunk));
    }
    regions.push_back(std::move(one));
  }
  return regions;
}

Json lists_json(const heap::HeapPicture& picture) {
  Json lists = Json::array();
  for (const heap::List& list : picture.lists) {
    Json members = Json::array();
    for (const VirtAddr chunk : list.chunks) members.push_back(hex(chunk));
    lists.push_back({{"kind", heap::to_string(list.kind)},
                     {"number", list.number},
                     {"owner", hex(list.owner)},
                     {"chunks", std::move(members)}});
  }
  return lists;
}

Json arenas_json(const heap::HeapPicture& picture) {
  Json arenas = Json::array();
  for (const heap::ArenaPicture& arena : picture.arenas) {
    arenas.push_back({{"address", hex(arena.at)},
                      {"top", or_null(arena.top)},
                      {"last_remainder", or_null(arena.last_remainder)},
                      {"system_mem", arena.system_mem},
                      {"max_system_mem", arena.max_system_mem},
                      {"threads", arena.attached}});
  }
  return arenas;
}

Json skipped_json(const Snapshot& snapshot) {
  Json skipped = Json::array();
  for (const Mapping& mapping : snapshot.mappings) {
    if (!is_too_large(mapping)) continue;
    skipped.push_back({{"begin", hex(mapping.begin)}, {"end", hex(mapping.end)}});
  }
  return skipped;
}

Json thresholds_json(const heap::Thresholds& thresholds) {
  return {{"mmap_threshold", or_null(thresholds.mmap_threshold)},
          {"trim_threshold", or_null(thresholds.trim_threshold)},
          {"top_pad", or_null(thresholds.top_pad)},
          {"max_fast", or_null(thresholds.max_fast)},
          {"tcache_count", or_null(thresholds.tcache_count)},
          {"n_mmaps", or_null(thresholds.n_mmaps)},
          {"mmapped_mem", or_null(thresholds.mmapped_mem)}};
}

Json sums_json(const Totals& totals) {
  Json sums = Json::object();
  for (std::size_t i = 0; i < heap::kChunkStates; ++i) {
    const Sum& sum = totals.by_state[i];
    sums[std::string{to_string(static_cast<ChunkState>(i))}] = {{"chunks", sum.chunks},
                                                                {"bytes", sum.bytes}};
  }
  return sums;
}

Json pages_json(const Inspection& inspection) {
  if (!inspection.image.snapshot.knows_pages) return nullptr;
  const PageSums& pages = inspection.totals.pages;
  Json states = Json::object();
  for (std::size_t i = 0; i < pages.by_state.size(); ++i) {
    const auto state = static_cast<PageState>(i);
    const bool zero = state == PageState::Zero || state == PageState::HugeZero;
    const bool known = !zero || inspection.image.snapshot.tells_zero_page;
    states[std::string{pagesim::to_string(state)}] =
        known ? Json(pages.by_state[i]) : Json(nullptr);
  }
  return {{"by_state", std::move(states)},
          {"resident", pages.resident},
          {"resident_bytes_in_use", inspection.totals.resident_used},
          {"resident_bytes_free", inspection.totals.resident_free},
          {"header_only", pages.header_only},
          {"free_only", pages.free_only},
          {"by_use", pages.by_use}};
}

}  // namespace

Json to_json(const Inspection& inspection, bool chunks) {
  const Snapshot& snapshot = inspection.image.snapshot;
  const heap::HeapPicture& picture = inspection.picture;
  Json json;
  json["version"] = 1;
  json["inspected"] = snapshot.name;
  json["program"] = snapshot.program.empty() ? Json(nullptr) : Json(snapshot.program);
  json["allocator"] = to_string(inspection.image.malloc.kind);
  json["threads"] = snapshot.thread_pointers.size();
  json["stopped_s"] = snapshot.stopped_seconds > 0 ? Json(snapshot.stopped_seconds) : Json(nullptr);
  json["busy"] = inspection.was_busy;
  json["initialized"] = picture.initialized;
  json["arenas"] = arenas_json(picture);
  json["thresholds"] = thresholds_json(picture.thresholds);
  json["chunks"] = sums_json(inspection.totals);
  json["pages"] = pages_json(inspection);
  json["regions"] = regions_json(picture, chunks);
  json["lists"] = lists_json(picture);
  json["not_looked_at"] = skipped_json(snapshot);
  json["broken"] = nullptr;
  if (picture.broken) {
    json["broken"] = {{"rule", picture.broken->rule}, {"address", hex(picture.broken->at)}};
  }
  return json;
}

}  // namespace tools::inspect
