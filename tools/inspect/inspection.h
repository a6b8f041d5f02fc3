// Inspection: the heap of a process or core, as text and as JSON.
#pragma once

#include <string>

#include "tools/explain/style.h"
#include "tools/inspect/heap_image.h"
#include "tools/inspect/totals.h"
#include "tools/report/run_json.h"

namespace tools::inspect {

struct Inspection {
  HeapImage image;
  heap::HeapPicture picture;
  Totals totals;
  bool was_busy = false;  ///< a thread held an arena each time it was looked at
};

/// A process by its number, or a core by its path. A process found in the middle of a change, an
/// arena locked or a rule broken, is looked at again, a few times. Throws CannotInspect.
[[nodiscard]] Inspection inspect(const std::string& what);

/// `chunks`: every chunk, else the first ones of each region.
[[nodiscard]] std::string to_text(const Inspection& inspection, bool chunks,
                                  const explain::Style& style);
/// {"version":1,...}; with `chunks` each region's. What is not known is null.
[[nodiscard]] report::Json to_json(const Inspection& inspection, bool chunks);

}  // namespace tools::inspect
