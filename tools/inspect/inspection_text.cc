// An inspection for a terminal.
#include <fmt/format.h>

#include "tools/explain/fold.h"
#include "tools/explain/heap_text.h"
#include "tools/inspect/inspection.h"
#include "tools/inspect/process_reader.h"
#include "tools/report/table.h"

namespace tools::inspect {
namespace {

using heap::ChunkState;
using report::Align;
using report::grouped;

explain::HeapWords words_of(const Snapshot& snapshot, bool chunks) {
  constexpr std::size_t kFew = 12;
  explain::HeapWords words;
  words.address = words.chunk = [](VirtAddr at) { return fmt::format("{:#x}", at.raw()); };
  words.most_rows = chunks ? std::size_t{0} - 1 : kFew;
  if (!snapshot.knows_pages) return words;
  words.pages = [&snapshot](VirtAddr begin, VirtAddr end) {
    std::vector<explain::PagesAlike> runs;
    for (VirtAddr page = begin.align_down(kPage); page < end; page += kPage) {
      explain::append(runs, 1, snapshot.page(page));
    }
    return runs;
  };
  return words;
}

std::string title(const Inspection& inspection) {
  const Snapshot& snapshot = inspection.image.snapshot;
  std::string text = fmt::format("{}{}{}: {}, threads {}, arenas {}", snapshot.name,
                                 snapshot.program.empty() ? "" : ", ", snapshot.program,
                                 to_string(inspection.image.malloc.kind),
                                 snapshot.thread_pointers.size(), inspection.picture.arenas.size());
  if (snapshot.stopped_seconds > 0) {
    text += fmt::format("; stopped for {}", report::seconds(snapshot.stopped_seconds));
  }
  if (inspection.was_busy) text += "; a thread was inside malloc: lists may be half changed";
  return text;
}

/// Memory that was not looked at.
std::string skipped_text(const Snapshot& snapshot, std::size_t width) {
  std::string text;
  for (const Mapping& mapping : snapshot.mappings) {
    if (!is_too_large(mapping)) continue;
    text +=
        explain::hang("not looked at     ",
                      fmt::format("{:#x}, {}: more than 64 GiB in a piece is taken for memory "
                                  "reserved, not for a heap",
                                  mapping.begin.raw(), report::bytes(mapping.end - mapping.begin)),
                      width);
  }
  return text;
}

std::string sums_text(const Totals& totals) {
  report::Table table{{{"state", Align::Left}, {"chunks"}, {"bytes"}}};
  for (std::size_t i = 0; i < heap::kChunkStates; ++i) {
    const Sum& sum = totals.by_state[i];
    if (sum.chunks == 0) continue;
    table.add({std::string{to_string(static_cast<ChunkState>(i))}, grouped(sum.chunks),
               grouped(sum.bytes)});
  }
  return table.to_text();
}

std::string pages_text(const Inspection& inspection, std::size_t width) {
  const Snapshot& snapshot = inspection.image.snapshot;
  if (!snapshot.knows_pages) return "pages: a core does not tell which were in memory\n";
  const PageSums& pages = inspection.totals.pages;
  std::string states;
  for (std::size_t i = 0; i < pages.by_state.size(); ++i) {
    if (pages.by_state[i] == 0) continue;
    states +=
        fmt::format("{}{} {}", states.empty() ? "" : ", ",
                    pagesim::to_string(static_cast<PageState>(i)), grouped(pages.by_state[i]));
  }
  if (!snapshot.tells_zero_page) states += " (this kernel does not tell the zero page from shared)";
  constexpr const char* kParts[] = {"0%", "1-25%", "26-50%", "51-75%", "76-99%", "100%"};
  std::string use;
  for (std::size_t i = 0; i < pages.by_use.size(); ++i) {
    use += fmt::format("{}{} {}", i == 0 ? "" : ", ", kParts[i], grouped(pages.by_use[i]));
  }
  return explain::hang("pages             ", states, width) +
         fmt::format("resident          {} pages, {} bytes in use, {} bytes free\n",
                     grouped(pages.resident), grouped(inspection.totals.resident_used),
                     grouped(inspection.totals.resident_free)) +
         fmt::format("no byte in use    {} pages with headers alone, {} inside free chunks\n",
                     grouped(pages.header_only), grouped(pages.free_only)) +
         explain::hang("pages by use      ", use, width);
}

}  // namespace

std::string to_text(const Inspection& inspection, bool chunks, const explain::Style& style) {
  const heap::HeapPicture& picture = inspection.picture;
  std::string text = explain::fold(title(inspection), 0, style.width) + '\n';
  if (!picture.initialized) return text + "malloc was not called yet\n";
  text += sums_text(inspection.totals) + '\n' + pages_text(inspection, style.width);
  text += skipped_text(inspection.image.snapshot, style.width) + '\n';
  text += explain::heap_text(picture, words_of(inspection.image.snapshot, chunks), style);
  return inspection.image.snapshot.knows_pages ? text + explain::strip_legend() : text;
}

}  // namespace tools::inspect
