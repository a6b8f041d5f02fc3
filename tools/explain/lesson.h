// The built-in lessons: scripts that show one statement each about malloc and page faults.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools::explain {

/// A lesson is a file of tools/explain/lessons/, named in its CMakeLists.txt.
struct Lesson {
  std::string name;         ///< "lesson/untouched"
  std::string_view source;  ///< the script's text; lives as long as the program
  std::string title;
};

/// All of them, in the order in which they are best read.
[[nodiscard]] const std::vector<Lesson>& lessons();

/// The lesson of that name; null if `path` names a file, or none.
[[nodiscard]] const Lesson* find_lesson(const std::string& path);

/// Whether `path` can only mean lessons: "lesson/..." where no such file exists.
[[nodiscard]] bool means_lessons(const std::string& path);

/// The names of the lessons a shell pattern such as "lesson/*" matches; empty: none does.
[[nodiscard]] std::vector<std::string> matching_lessons(const std::string& pattern);

}  // namespace tools::explain
