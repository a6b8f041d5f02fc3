// Whether a library can be preloaded into a program, and why not.
#include "tools/trace/preloadable.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "tools/trace/event.h"

namespace tools::trace {
namespace {

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

bool takes_other_rights(const struct stat& status) {
  return ((status.st_mode & S_ISUID) != 0 && status.st_uid != geteuid()) ||
         ((status.st_mode & S_ISGID) != 0 && status.st_gid != getegid());
}

/// `#!interpreter argument`
std::string interpreter_of(std::string_view start) {
  std::istringstream line{std::string{start.substr(2, start.find('\n') - 2)}};
  std::string interpreter;
  line >> interpreter;
  return interpreter;
}

bool has_interpreter(std::ifstream& file, const Elf64_Ehdr& header) {
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    file.seekg(static_cast<std::streamoff>(header.e_phoff + i * std::uint64_t{header.e_phentsize}));
    file.read(reinterpret_cast<char*>(&segment), sizeof(segment));
    if (!file) return false;
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

Elf64_Half own_machine() {
  std::ifstream self{"/proc/self/exe", std::ios::binary};
  Elf64_Ehdr header{};
  self.read(reinterpret_cast<char*>(&header), sizeof(header));
  return header.e_machine;
}

std::optional<std::string> judge_elf(std::ifstream& file, const std::string& path) {
  Elf64_Ehdr header{};
  file.clear();
  file.seekg(0);
  file.read(reinterpret_cast<char*>(&header), sizeof(header));
  if (!file || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != own_machine()) {
    return path + " is for another machine than this recorder; record it with one built for it";
  }
  if (!has_interpreter(file, header)) {
    return path + " is statically linked: no library can be preloaded into it; link it dynamically";
  }
  return std::nullopt;
}

}  // namespace

std::string find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    if (is_executable_file(program)) return program;
    throw TraceError(access(program.c_str(), F_OK) == 0
                         ? "cannot run " + program + ": it is no executable file"
                         : "there is no program " + program);
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "/usr/bin:/bin" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + program;
    if (is_executable_file(candidate)) return candidate;
  }
  throw TraceError("there is no program " + program + " in PATH");
}

std::optional<std::string> why_not_preloadable(const std::string& path) {
  struct stat status {};
  std::ifstream file{path, std::ios::binary};
  if (stat(path.c_str(), &status) != 0 || !file) {
    return std::nullopt;  // executable but not readable: running it will tell
  }
  if (takes_other_rights(status)) {
    return path +
           " is set-user-ID or set-group-ID, where the system ignores preloaded libraries; " +
           "run a copy without that bit";
  }
  std::array<char, 256> start{};
  file.read(start.data(), start.size());
  const std::string_view bytes{start.data(), static_cast<std::size_t>(file.gcount())};
  if (bytes.starts_with("#!")) {
    const std::string interpreter = interpreter_of(bytes);
    return interpreter == path ? std::nullopt : why_not_preloadable(interpreter);
  }
  if (bytes.starts_with(ELFMAG)) return judge_elf(file, path);
  return std::nullopt;
}

std::string find_own_library(const std::string& name, const char* variable) {
  if (const char* told = std::getenv(variable)) return told;
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& candidate : {folder / name, folder / "../bin" / name, folder / "../lib" / name,
                                folder / "../lib/faultline" / name}) {
    if (std::filesystem::exists(candidate, error)) {
      return std::filesystem::canonical(candidate, error).string();
    }
  }
  throw TraceError("cannot find " + name + " beside this program; set " + variable +
                   " to its path");
}

}  // namespace tools::trace
