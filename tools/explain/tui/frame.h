// Frame: the texts of one step, each as wide as the box it is shown in.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tools/explain/step.h"

namespace tools::explain {

/// What is shown of a step, in the order of the number keys. Script and Help are the same for all.
enum class Pane : std::uint8_t { Script, Step, Pages, Heap, Lists, Chunk, Help };
inline constexpr std::size_t kPanes = static_cast<std::size_t>(Pane::Help) + 1;
/// "script", "step", "pages", "heap", "lists", "chunk", "help".
[[nodiscard]] std::string_view to_string(Pane pane) noexcept;

/// Plain data: it is handed to other processes as bytes.
struct FrameRequest {
  std::uint64_t op = 0;                        ///< index into Program::ops
  std::uint64_t followed = 0;                  ///< address of a block; 0: the step's own
  std::array<std::uint16_t, kPanes> widths{};  ///< columns; 0: not drawn
  bool colours = false;

  friend bool operator==(const FrameRequest&, const FrameRequest&) = default;
};

/// By Pane; of what the step does not tell, empty. The marked chunk's row begins with ">".
using Frame = std::array<std::string, kPanes>;

[[nodiscard]] Frame frame_of(const Step& step, const FrameRequest& request);

}  // namespace tools::explain
