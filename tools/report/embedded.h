// Text files that are part of the program (tools/cmake/EmbedFiles.cmake).
#pragma once

#include <span>
#include <string_view>

namespace tools::report {

struct EmbeddedFile {
  std::string_view name;  ///< without its folder
  std::string_view text;
};

}  // namespace tools::report
