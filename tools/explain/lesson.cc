// The built-in lessons, by name.
#include "tools/explain/lesson.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

#include "tools/explain/header.h"
#include "tools/report/embedded.h"

namespace tools::explain {

std::span<const report::EmbeddedFile> embedded_files() noexcept;

namespace {

constexpr std::string_view kFolder = "lesson/";
constexpr std::string_view kEnding = ".fl";

/// The first line of a lesson is its title.
std::string title_of(std::string_view text) {
  std::string_view title;
  has_key(text.substr(0, text.find('\n')), "title", title);
  return std::string{title};
}

std::vector<Lesson> read_lessons() {
  std::vector<Lesson> all;
  for (const report::EmbeddedFile& file : embedded_files()) {
    std::string name{kFolder};
    name += file.name.substr(0, file.name.size() - kEnding.size());
    all.push_back({std::move(name), file.text, title_of(file.text)});
  }
  return all;
}

}  // namespace

const std::vector<Lesson>& lessons() {
  static const std::vector<Lesson> kLessons = read_lessons();
  return kLessons;
}

bool means_lessons(const std::string& path) {
  std::error_code error;
  return path.starts_with(kFolder) && !std::filesystem::exists(path, error);
}

const Lesson* find_lesson(const std::string& path) {
  if (!means_lessons(path)) return nullptr;
  const auto found = std::find_if(lessons().begin(), lessons().end(),
                                  [&](const Lesson& lesson) { return lesson.name == path; });
  return found == lessons().end() ? nullptr : &*found;
}

std::vector<std::string> matching_lessons(const std::string& pattern) {
  std::vector<std::string> names;
  for (const Lesson& lesson : lessons()) {
    if (::fnmatch(pattern.c_str(), lesson.name.c_str(), 0) == 0) names.push_back(lesson.name);
  }
  return names;
}

}  // namespace tools::explain
