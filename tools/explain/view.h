// Views: what a script asks to be shown of the simulated machine, `# view: frames A 8`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/measure/costs_file.h"
#include "tools/run/sim/run.h"
#include "tools/script/op.h"

namespace tools::explain {

/// A view and what it looks at. `place`, `pages` and `process` only where its kind takes a place.
struct ViewRequest {
  std::uint32_t line = 0;  ///< of the script
  std::size_t op = 0;      ///< it shows the machine after this operation
  std::string kind;        ///< "frames"
  std::string text;        ///< as written after `view:`
  std::string place_text;  ///< "A[3]"; the era of a path
  script::Place place;
  std::uint32_t process = 0;
  std::int64_t pages = 1;
};

/// All requests of a script, in order. One in the header is about the end of the run, any other
/// about the machine after the operation above it. Throws ScriptError for a kind that does not
/// exist or a place it cannot look at.
[[nodiscard]] std::vector<ViewRequest> read_views(const script::Program& program);

/// A place, and the process that it is a place of.
struct AskedPlace {
  script::Place place;
  std::uint32_t process = 0;
};
/// Reads a place as the script has them: "p+8", "child: A[1]", "heap", "@0x7ffff0000000", or
/// "heap+0x2a0" and "0x7ffff0000000". Throws std::runtime_error with one
/// sentence.
[[nodiscard]] AskedPlace read_place(const script::Program& program, const std::string& text);

/// What a fork would have cost without copy on write, and what it cost.
struct ForkBill {
  std::size_t op = 0;
  std::int64_t eager_tables = 0;  ///< page-table pages of the parent, its root included
  std::int64_t eager_pages = 0;   ///< anonymous pages of the parent, without the next
  std::int64_t own_pages = 0;     ///< stack and thread-local pages: both sides touch them at once
  std::int64_t cow_tables = 0;    ///< page-table pages of the child once it runs
};

/// What a view can see.
struct Look {
  const script::Program& program;
  const run::sim::Run& run;
  const std::vector<ForkBill>& forks;
  const measure::SavedCosts& costs;
};

/// One view as text: lines of at most 80 characters, the last one ended too.
[[nodiscard]] std::string show(const ViewRequest& request, const Look& look);

/// Whether a view "path" knows this era: 2.4, 2.6, today.
[[nodiscard]] bool is_era(std::string_view word);

/// What a view says of one page of one process.
using PageCell = std::function<std::string(const pagesim::Task&, pagesim::VirtAddr)>;
/// A table: the request's pages by the processes alive, each under the heading `what` and its name.
[[nodiscard]] std::string pages_by_process(const ViewRequest& request, const Look& look,
                                           const std::string& what, const PageCell& cell);

// The kinds, in the files of views/.
[[nodiscard]] std::string show_frames(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_chunk(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_forks(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_vtop(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_tlb(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_log(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_path(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_steps(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_errors(const ViewRequest& request, const Look& look);
[[nodiscard]] std::string show_tables(const ViewRequest& request, const Look& look);

}  // namespace tools::explain
