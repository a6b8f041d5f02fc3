// A page in headless Chromium, used by a script that stands at its end.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace tools {

[[nodiscard]] inline std::string text_of_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

[[nodiscard]] inline std::string without_entities(std::string text) {
  const std::pair<std::string, std::string> words[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", " "}, {"&amp;", "&"}};
  for (const auto& [from, to] : words) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; ++at) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

/// Opens the page in a window of that size ("1200,900") at `hash`, with the script at its end. What
/// the script leaves in an element as the text SEEN{...}SEEN; null: there is no Chromium here. It
/// finds the errors of the page in `pageErrors`.
[[nodiscard]] inline nlohmann::json use_page(const std::string& folder, std::string page,
                                             const std::string& script, const std::string& size,
                                             const std::string& hash = "") {
  const std::string head = "<head>", end = "</body>", mark = "SEEN";
  page.insert(page.find(head) + head.size(),
              "<script>const pageErrors = []; addEventListener('error', event => "
              "pageErrors.push(event.message)); addEventListener('unhandledrejection', event => "
              "pageErrors.push(String(event.reason)));</script>");
  page.insert(page.rfind(end), "<script>" + script + "</script>");
  std::ofstream{folder + "/tested.html"} << page;
  const std::string command =
      "cd " + folder + " && HOME=" + folder +
      " timeout 100 chromium-headless-shell --no-sandbox --disable-gpu --window-size=" + size +
      " --virtual-time-budget=10000 --dump-dom 'file://" + folder + "/tested.html" + hash +
      "' >dom 2>log";
  const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
  if (WEXITSTATUS(ended) == 127) return nullptr;
  const std::string dom = text_of_file(folder + "/dom");
  const std::size_t from = dom.find(">" + mark + "{");
  EXPECT_NE(from, std::string::npos) << text_of_file(folder + "/log") << dom.substr(0, 500);
  if (from == std::string::npos) return nlohmann::json::object();
  const std::size_t begin = from + 1 + mark.size();
  return nlohmann::json::parse(without_entities(dom.substr(begin, dom.find(mark, begin) - begin)));
}

}  // namespace tools
