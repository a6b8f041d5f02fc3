// Where the golden vectors lie, and which of them a test program runs.
#pragma once

#include <filesystem>
#include <vector>

namespace truth {

/// The vectors of glibc `version`: $FAULTLINE_TRUTH/malloc/VERSION, else the copy beside the tests.
[[nodiscard]] std::filesystem::path vectors_of(const char* version);
/// The .jsonl files of a folder, by name. Empty when there is no such folder.
[[nodiscard]] std::vector<std::filesystem::path> vector_files(const std::filesystem::path& folder);

}  // namespace truth
