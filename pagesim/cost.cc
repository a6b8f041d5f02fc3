// Adding up what faults take.
#include "pagesim/cost.h"

#include <algorithm>
#include <cmath>

namespace pagesim {

std::string_view to_string(FaultKind kind) noexcept {
  constexpr std::string_view kNames[kFaultKinds] = {
      "first_touch",  "zero_read", "zero_upgrade",   "cow_copy",     "cow_reuse",
      "stack_growth", "file_map",  "file_cow",       "shared_write", "mkwrite",
      "shmem_new",    "huge",      "huge_zero_read", "major"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_string(FaultStep step) noexcept {
  constexpr std::string_view kNames[kFaultSteps] = {"trap",
                                                    "save the state",
                                                    "is it a page fault",
                                                    "is it legal, where is the page",
                                                    "start the read",
                                                    "other processes run",
                                                    "the disk interrupts",
                                                    "save the other's state",
                                                    "which disk, which read",
                                                    "correct the tables",
                                                    "wait for a processor",
                                                    "restore and run again"};
  return kNames[static_cast<std::size_t>(step)];
}

std::optional<FaultKind> kind_of(const FaultRecord& fault) noexcept {
  if (fault.outcome == Outcome::Signal) return std::nullopt;
  switch (fault.cause) {
    case Cause::FirstWrite:
      return FaultKind::FirstTouch;
    case Cause::StackGrowth:
      return FaultKind::StackGrowth;
    case Cause::ZeroRead:
      return FaultKind::ZeroRead;
    case Cause::ZeroUpgrade:
      return FaultKind::ZeroUpgrade;
    case Cause::CowCopy:
      return FaultKind::CowCopy;
    case Cause::CowReuse:
      return FaultKind::CowReuse;
    case Cause::FileMap:
      return fault.access == Access::Write ? FaultKind::SharedWrite : FaultKind::FaultAround;
    case Cause::FileRead:
      return FaultKind::Major;
    case Cause::FileCow:
      return fault.outcome == Outcome::Major ? FaultKind::Major : FaultKind::FileCow;
    case Cause::Mkwrite:
      return FaultKind::Mkwrite;
    case Cause::ShmemNew:
      return FaultKind::ShmemNew;
    case Cause::HugeFirstWrite:
      return FaultKind::Huge;
    case Cause::HugeZeroRead:
      return FaultKind::HugeZeroRead;
    default:
      return std::nullopt;
  }
}

bool takes_frame(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::FirstTouch:
    case FaultKind::ZeroUpgrade:
    case FaultKind::CowCopy:
    case FaultKind::StackGrowth:
    case FaultKind::FileCow:
    case FaultKind::ShmemNew:
      return true;
    default:
      return false;
  }
}

bool is_of_the_exception(FaultStep step) noexcept {
  return step <= FaultStep::IsItAFault || step == FaultStep::RestoreAndRerun;
}

bool is_within_the_wait(FaultStep step) noexcept {
  return (step >= FaultStep::IoInterrupt && step <= FaultStep::WhichDisk) ||
         step == FaultStep::WaitForTheCpu;
}

double Costs::recycled_touch(std::uint64_t held) const noexcept {
  const auto* const above = std::find_if(
      recycled.begin(), recycled.end(), [held](const Recycled& cost) { return held <= cost.held; });
  if (above == recycled.begin()) return recycled.front().touch.ns;
  if (above == recycled.end()) return recycled.back().touch.ns;
  const Recycled& below = *(above - 1);
  const auto part = static_cast<double>(held - below.held);
  return std::lerp(below.touch.ns, above->touch.ns,
                   part / static_cast<double>(above->held - below.held));
}

double Costs::saved_by(const FrameHistory& frame) const noexcept {
  const auto& touch = of(FaultKind::FirstTouch);
  if (!frame.recycled || !touch || recycled.front().held == 0) return 0;
  return std::max(touch->ns - recycled_touch(frame.held), 0.0);
}

std::optional<double> Costs::of(const FaultRecord& fault,
                                const FrameHistory& frame) const noexcept {
  const auto kind = kind_of(fault);
  if (!kind || !of(*kind)) return std::nullopt;
  double ns = of(*kind)->ns;
  if (takes_frame(*kind)) ns = std::max(ns - saved_by(frame), 0.0);
  if (fault.mode != Mode::Gup) return ns;
  if (!exception) return std::nullopt;
  return std::max(ns - exception->ns, 0.0);
}

std::optional<Costs::Steps> Costs::steps(FaultKind kind) const noexcept {
  const bool from_disk = kind == FaultKind::Major;
  if (!of(kind) || !exception || !lookup || (from_disk && !wait)) return std::nullopt;
  Steps steps;
  double left = of(kind)->ns;
  const auto take = [&](FaultStep step, double ns) {
    ns = std::clamp(ns, 0.0, left);
    steps[static_cast<std::size_t>(step)] = ns;
    left -= ns;
  };
  for (std::size_t i = 0; i < kFaultSteps; ++i) {
    const auto step = static_cast<FaultStep>(i);
    if (is_of_the_exception(step)) take(step, exception->ns / 4);
  }
  take(FaultStep::FindThePage, lookup->ns);
  if (from_disk) {
    take(FaultStep::OthersRun, wait->ns);
    // The tables are corrected as for a page that is in memory; the rest of what the processor does
    // is asking for it.
    const auto& mapped = of(FaultKind::FaultAround);
    const double tables = mapped ? std::max(mapped->ns - exception->ns - lookup->ns, 0.0) : 0;
    take(FaultStep::StartTheRead, left - tables);
  }
  take(FaultStep::FixTheTables, left);
  return steps;
}

}  // namespace pagesim
