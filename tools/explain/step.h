// Step: one operation on the simulated machine, what it did to memory and why, and what is there
// afterwards. Stepper: a run, step by step.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "allocator/writer.h"
#include "tools/explain/page_run.h"
#include "tools/run/place.h"
#include "tools/run/sim/run.h"

namespace tools::explain {

/// Accesses of one kind and length by one writer: `times` of them, `apart` bytes from one to the
/// next. A line of a step's receipt.
struct ReceiptLine {
  pagesim::VirtAddr at;
  std::uint64_t bytes = 0;
  std::uint64_t times = 1;
  std::int64_t apart = 0;
  pagesim::Access access = pagesim::Access::Write;
  allocator::Writer writer = allocator::Writer::User;
  std::vector<const pagesim::FaultRecord*> faults{};  ///< in memory of the run
};

/// A mapping of a process and the state of its pages, from its first page on.
struct PageStrip {
  pagesim::VirtAddr begin;
  pagesim::VirtAddr end;
  std::string name;  ///< "[heap]", "[globals]"; empty: a mapping without a file
  std::vector<PagesAlike> runs;
};

/// Valid until the next operation begins. Made in constant time; what costs is computed when it is
/// asked for.
class Step {
 public:
  /// `places` has been advanced to the operation.
  Step(const script::Program& program, const run::sim::Run& run, const run::Places& places,
       std::size_t index) noexcept
      : program_{&program}, run_{&run}, places_{&places}, index_{index} {}

  [[nodiscard]] std::size_t index() const noexcept { return index_; }  ///< into Program::ops
  [[nodiscard]] const script::Program& program() const noexcept { return *program_; }
  [[nodiscard]] const run::sim::Run& run() const noexcept { return *run_; }
  [[nodiscard]] const run::Places& places() const noexcept { return *places_; }
  [[nodiscard]] const script::Op& op() const noexcept { return program_->ops[index_]; }
  [[nodiscard]] const run::OpOutcome& outcome() const noexcept {
    return run_->so_far().ops[index_];
  }
  /// Who ran it; null: it has ended.
  [[nodiscard]] const pagesim::Task* task() const { return run_->task(op().process); }

  /// Every access, in order, and every decision, in order.
  [[nodiscard]] std::span<const run::sim::LoggedAccess> accesses() const noexcept {
    return run_->log().accesses;
  }
  [[nodiscard]] std::span<const run::sim::Note> notes() const noexcept { return run_->log().notes; }
  [[nodiscard]] std::span<const pagesim::FaultRecord> faults() const noexcept;

  /// All that was stored, and the loads that faulted; with `loads` every load too. Neighbours of
  /// one kind share a line.
  [[nodiscard]] std::vector<ReceiptLine> receipt(bool loads = false) const;
  /// The way the operation took: clauses, each with the faults it led to. Empty: it only did what
  /// it says, and no page faulted.
  [[nodiscard]] std::vector<std::string> why() const;
  /// The clause that an access belongs to; empty: the program made it. Index into accesses().
  [[nodiscard]] std::string clause_of(std::size_t access) const;
  /// The heap, what malloc and the program mapped, and the allocator's own state, by address, as
  /// the actor sees it. Empty: it has ended.
  [[nodiscard]] std::vector<PageStrip> strips() const;
  /// The pages that [begin, end) lies on. Empty: the actor has ended.
  [[nodiscard]] std::vector<PagesAlike> pages(pagesim::VirtAddr begin, pagesim::VirtAddr end) const;

  /// The faults of the step on bytes of the access; in memory of the run.
  [[nodiscard]] std::vector<const pagesim::FaultRecord*> faults_in(
      const run::sim::LoggedAccess& access) const;
  /// The name of the block in the chunk at `at`, or kNone. What the step freed still has its name.
  [[nodiscard]] std::uint32_t name_of_chunk(pagesim::VirtAddr at) const;
  [[nodiscard]] bool is_in_heap(pagesim::VirtAddr at) const;

  /// "heap+0x2a0", "globals+2288", "A[3]+17"; with the name of the block if `at` is its
  /// chunk's address: "heap+0x290 (p)".
  [[nodiscard]] std::string chunk_text(pagesim::VirtAddr at) const;
  [[nodiscard]] std::string address_text(pagesim::VirtAddr at) const;
  /// "top_header write at heap+0x6b8 faults: first_write".
  [[nodiscard]] std::string fault_text(const pagesim::FaultRecord& fault) const;

 private:
  [[nodiscard]] std::string clause(const run::sim::Note& note) const;
  [[nodiscard]] bool is_in(const pagesim::FaultRecord& fault,
                           const run::sim::LoggedAccess& access) const;
  [[nodiscard]] std::string faults_text(std::size_t first_access, std::size_t end_access) const;

  const script::Program* program_;
  const run::sim::Run* run_;
  const run::Places* places_;
  std::size_t index_;
};

/// Shows each step of a run to `look`. Must outlive the run, as the program must.
class Stepper final : public run::SimWitness {
 public:
  Stepper(const script::Program& program, std::function<void(const Step&)> look)
      : program_{program}, look_{std::move(look)} {}

  void after(std::size_t op, const run::sim::Run& run) override;
  [[nodiscard]] bool reads_logs() const override { return true; }

 private:
  const script::Program& program_;
  std::function<void(const Step&)> look_;
  std::optional<run::Places> places_;
};

}  // namespace tools::explain
