// ViewState: what the interactive view shows, and what a key makes of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/explain/tui/frame.h"
#include "tools/explain/tui/timeline.h"

namespace tools::explain {

/// Keys that are no characters. Characters are their code points; Enter, Tab, Escape and
/// Backspace are theirs in ASCII.
inline constexpr char32_t kTab = 9;
inline constexpr char32_t kEnter = 10;
inline constexpr char32_t kEscape = 27;
inline constexpr char32_t kBackspace = 127;
inline constexpr char32_t kLeft = 0x110000;
inline constexpr char32_t kRight = 0x110000 + 1;
inline constexpr char32_t kUp = 0x110000 + 2;
inline constexpr char32_t kDown = 0x110000 + 3;
inline constexpr char32_t kPageUp = 0x110000 + 4;
inline constexpr char32_t kPageDown = 0x110000 + 5;
inline constexpr char32_t kHome = 0x110000 + 6;
inline constexpr char32_t kEnd = 0x110000 + 7;
inline constexpr char32_t kBackTab = 0x110000 + 8;
/// A letter with Ctrl.
[[nodiscard]] constexpr char32_t ctrl(char letter) { return static_cast<char32_t>(letter & 0x1f); }

/// What is being typed into the last row.
enum class Prompt : std::uint8_t { None, Jump, Search, Follow };

struct Scroll {
  std::size_t row = 0;
  std::size_t column = 0;
};

struct ViewState {
  std::size_t step = 0;  ///< of the timeline, which is not empty
  Pane focus = Pane::Step;
  Pane lower = Pane::Heap;  ///< the one of Pages to Chunk that is shown where one is
  bool zoomed = false;      ///< the pane in focus has the screen
  bool help = false;
  bool done = false;
  std::array<Scroll, kPanes> scroll{};
  std::size_t page = 10;     ///< rows of the pane in focus
  bool follows_step = true;  ///< the marked rows are brought into view at the next drawing
  Prompt prompt = Prompt::None;
  std::string typed;
  std::string message;            ///< until the next key
  std::string sought;             ///< what hits are of; empty: nothing is sought
  std::vector<std::size_t> hits;  ///< steps, ascending
  std::optional<Followed> followed;
};

[[nodiscard]] ViewState after_key(ViewState state, char32_t key, const Timeline& timeline);

/// The pane that takes the scrolling keys.
[[nodiscard]] Pane scrolled_pane(const ViewState& state) noexcept;

}  // namespace tools::explain
