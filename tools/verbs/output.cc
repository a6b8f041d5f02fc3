// Writing results whole or not at all.
#include "tools/verbs/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

[[noreturn]] void refuse(const std::string& path, int error) {
  throw Refusal{kWrongInput, fmt::format("{}: cannot be written ({}); name another file with -o.",
                                         path, std::strerror(error))};
}

std::vector<std::string> split(const std::string& words) {
  std::vector<std::string> parts;
  std::istringstream in{words};
  for (std::string word; std::getline(in, word, '|');) parts.push_back(word);
  return parts;
}

/// False, with the reason in errno, where not all of it was written.
bool write_text(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream out{path, std::ios::binary | std::ios::trunc};
  out << text << std::flush;
  return static_cast<bool>(out);
}

void write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    if (!write_text(path, text)) refuse(path, errno);  // a pipe or a device is never replaced
    return;
  }
  const std::string fresh = fmt::format("{}.{}.part", path, ::getpid());
  if (!write_text(fresh, text)) {
    const int reason = errno;
    std::remove(fresh.c_str());
    refuse(path, reason);
  }
  std::filesystem::rename(fresh, path, error);
  if (error) {
    std::remove(fresh.c_str());
    refuse(path, error.value());
  }
}

}  // namespace

void Output::add_to(CLI::App& verb, const std::string& formats) {
  const auto known = split(formats);
  format = known.front();
  verb.add_option("--format", format, fmt::format("How results are printed: {}", formats))
      ->check(CLI::IsMember(known))
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option("-o,--output", path, "Write results to FILE, not to standard output")
      ->type_name("FILE");
}

void Output::write(const std::string& text) const {
  if (!is_standard()) return write_file(path, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0 && errno != EPIPE) refuse("standard output", errno);
}

void OutputStream::write(const std::string& piece) {
  if (output_.is_standard()) return output_.write(piece);
  held_ += piece;
}

void OutputStream::finish() const {
  if (!output_.is_standard()) output_.write(held_);
}

}  // namespace tools::verbs
