// The built-in scripts.
#include "tools/demo/workload.h"

#include <string_view>

#include "tools/report/embedded.h"
#include "tools/script/parser.h"

namespace tools::demo {

std::span<const report::EmbeddedFile> embedded_files() noexcept;

namespace {

/// The comment a script begins with, as one paragraph.
std::string leading_comment(std::string_view text) {
  std::string about;
  while (text.starts_with("# ")) {
    const auto end = text.find('\n');
    if (!about.empty()) about += ' ';
    about += text.substr(2, end - 2);
    text.remove_prefix(end + 1);
  }
  return about;
}

}  // namespace

std::vector<Workload> built_in_workloads() {
  constexpr std::string_view kEnding = ".fl";
  std::vector<Workload> workloads;
  for (const report::EmbeddedFile& file : embedded_files()) {
    if (!file.name.ends_with(kEnding)) continue;
    Workload workload;
    workload.name = file.name.substr(0, file.name.size() - kEnding.size());
    workload.about = leading_comment(file.text);
    workload.source = file.text;
    workload.program = script::parse(file.text, std::string{file.name});
    workloads.push_back(std::move(workload));
  }
  return workloads;
}

}  // namespace tools::demo
