// Finding the golden vectors.
#include "tests/truth/vectors.h"

#include <algorithm>
#include <cstdlib>

namespace truth {

namespace fs = std::filesystem;

fs::path vectors_of(const char* version) {
  if (const char* elsewhere = std::getenv("FAULTLINE_TRUTH")) {
    auto folder = fs::path(elsewhere) / "malloc" / version;
    if (fs::is_directory(folder)) return folder;
  }
  return fs::path(TRUTH_VECTORS) / "malloc" / version;
}

std::vector<fs::path> vector_files(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace truth
