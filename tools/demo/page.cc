// The demo's HTML page: a template with the results as JSON in it.
#include "tools/demo/page.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "tools/report/embedded.h"

namespace tools::demo {

std::span<const report::EmbeddedFile> embedded_files() noexcept;

namespace {

/// Inside a script element no text may look like its end.
std::string script_safe(std::string json) {
  for (std::size_t at = 0; (at = json.find("</", at)) != std::string::npos; at += 3) {
    json.replace(at, 2, "<\\/");
  }
  return json;
}

}  // namespace

std::string to_html(const DemoResult& result) {
  constexpr std::string_view kMark = "@DATA@";
  const auto files = embedded_files();
  const auto page = std::find_if(files.begin(), files.end(),
                                 [](const auto& file) { return file.name == "demo.html"; });
  std::string html{page->text};
  return html.replace(html.find(kMark), kMark.size(), script_safe(to_json(result).dump()));
}

}  // namespace tools::demo
