// Looking at a process until it is not in the middle of a change.
#include "tools/inspect/inspection.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "tools/inspect/core_reader.h"
#include "tools/inspect/glibc_parameters.h"
#include "tools/inspect/process_reader.h"

namespace tools::inspect {
namespace {

/// The number of a process; 0: it is none.
pid_t number_of(const std::string& text) {
  pid_t pid = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, pid);
  return error == std::errc{} && stop == end && pid > 0 ? pid : 0;
}

Inspection look_at(Snapshot snapshot) {
  Inspection inspection;
  inspection.image.malloc = find_malloc(snapshot);
  inspection.image.snapshot = std::move(snapshot);
  inspection.picture = read_picture(inspection.image);
  inspection.totals = totals_of(inspection.picture, inspection.image.snapshot);
  const auto& arenas = inspection.picture.arenas;
  const PlainMemory memory{inspection.image.snapshot};
  inspection.was_busy = std::any_of(arenas.begin(), arenas.end(), [&](const auto& arena) {
    return memory.load<std::uint32_t>(arena.at) != 0;  // its lock
  });
  return inspection;
}

/// What takes longest, for the picture that is shown.
Inspection with_thresholds(Inspection inspection) {
  const HeapImage& image = inspection.image;
  if (image.malloc.kind == MallocKind::Glibc) {
    inspection.picture.thresholds = glibc_thresholds(image.snapshot, image.malloc.globals);
  }
  return inspection;
}

}  // namespace

Inspection inspect(const std::string& what) {
  using std::chrono::milliseconds;
  using Clock = std::chrono::steady_clock;
  constexpr int kLooks =
      25;  // a program that does nothing but allocate is amid a change half the time
  constexpr milliseconds kBetween{7}, kPatience{2000};
  const auto until = Clock::now() + kPatience;
  const pid_t pid = number_of(what);
  if (pid == 0) return with_thresholds(look_at(read_core(what)));
  for (int look = 1;; ++look) {
    Inspection inspection = look_at(read_process(pid));
    const bool broken =
        inspection.picture.broken && !ends_in_swap(inspection.picture, inspection.image.snapshot);
    const bool whole = !inspection.was_busy && !broken;
    if (whole || look == kLooks || Clock::now() > until)
      return with_thresholds(std::move(inspection));
    std::this_thread::sleep_for(kBetween);
  }
}

}  // namespace tools::inspect
