// The template with its style, its scripts and the runs put in, the latter packed.
#include "tools/explain/page/page.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>

#include "tools/report/embedded.h"

namespace tools::explain::page {
std::span<const report::EmbeddedFile> embedded_files() noexcept;
}

namespace tools::explain {
namespace {

std::string_view file(std::string_view name) {
  const auto files = page::embedded_files();
  return std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.name == name; })
      ->text;
}

void put(std::string& html, std::string_view mark, std::string_view text) {
  const std::size_t at = html.find(mark);
  if (at == std::string::npos) throw std::logic_error{"the page has no " + std::string{mark}};
  html.replace(at, mark.size(), text);
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    html += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return html;
}

/// zlib's format, which browsers inflate by themselves (DecompressionStream "deflate").
std::string deflated(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string packed(size, '\0');
  constexpr int kLevel = 6;
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size,  // NOLINT: zlib's bytes
                reinterpret_cast<const Bytef*>(text.data()), text.size(), kLevel) != Z_OK) {
    throw std::runtime_error{"zlib could not pack the page's data"};
  }
  packed.resize(size);
  return packed;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < n ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace

std::string to_html(PageKind kind, const std::string& title, const std::vector<std::string>& runs) {
  constexpr std::string_view kKinds[] = {"steps", "pair", "course"};
  std::string data = fmt::format("{{\"version\":1,\"kind\":\"{}\",\"runs\":[",
                                 kKinds[static_cast<std::size_t>(kind)]);
  for (const std::string& run : runs) data += (data.back() == '[' ? "" : ",") + run;
  data += "]}";
  std::string html{file("explain.html")};
  for (int i = 0; i < 2; ++i) put(html, "@TITLE@", escaped(title));
  put(html, "@STYLE@", file("explain.css"));
  for (const char* script :
       {"data", "words", "forecast", "deeds", "slots", "names", "unpacking", "story", "heap",
        "regions", "map", "panels", "script", "view", "page"}) {
    put(html, fmt::format("@{}@", script), file(fmt::format("{}.js", script)));
  }
  put(html, "@DATA@", base64(deflated(data)));
  return html;
}

}  // namespace tools::explain
