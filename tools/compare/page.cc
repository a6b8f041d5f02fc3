// The template with its style, its scripts and the results put in.
#include "tools/compare/page.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <string_view>

#include "tools/compare/page_data.h"
#include "tools/report/embedded.h"

namespace tools::compare {

std::span<const report::EmbeddedFile> embedded_files() noexcept;

namespace {

std::string_view file(std::string_view name) {
  const auto files = embedded_files();
  return std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.name == name; })
      ->text;
}

void put(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t at = page.find(mark);
  if (at == std::string::npos) throw std::logic_error{"the page has no " + std::string{mark}};
  page.replace(at, mark.size(), text);
}

/// Inside a script element no text may look like its end.
std::string script_safe(std::string json) {
  for (std::size_t at = 0; (at = json.find("</", at)) != std::string::npos; at += 3) {
    json.replace(at, 2, "<\\/");
  }
  return json;
}

}  // namespace

std::string to_html(const Comparison& comparison) {
  std::string page{file("compare.html")};
  put(page, "@UPLOT_STYLE@", file("uPlot.min.css"));
  put(page, "@STYLE@", file("compare.css"));
  put(page, "@UPLOT@", file("uPlot.iife.min.js"));
  put(page, "@SCRIPT@", file("compare.js"));
  put(page, "@DATA@", script_safe(page_data(comparison).dump()));
  return page;
}

}  // namespace tools::compare
