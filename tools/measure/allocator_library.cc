// Finding malloc libraries and reading what they export.
#include "tools/measure/allocator_library.h"

#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <stdexcept>

namespace tools::measure {
namespace {

namespace fs = std::filesystem;

struct Known {
  const char* name;
  const char* stem;  // of the file names it has, newest version last in the alphabet
};
constexpr Known kKnown[] = {{"jemalloc", "libjemalloc.so."},
                            {"mimalloc", "libmimalloc.so."},
                            {"tcmalloc", "libtcmalloc_minimal.so."}};
constexpr const char* kDirectories[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib",
                                        "/usr/lib"};

struct CloseElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

/// Marks the calls a symbol table defines.
std::uint32_t calls_in(Elf* elf, Elf_Scn* section, const GElf_Shdr& header) {
  Elf_Data* const data = elf_getdata(section, nullptr);
  std::uint32_t calls = 0;
  for (std::size_t i = 0; data != nullptr && i < header.sh_size / header.sh_entsize; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
    if (symbol.st_shndx == SHN_UNDEF) continue;
    const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name);
    const auto* const found = std::find(std::begin(kAllocatorCalls), std::end(kAllocatorCalls),
                                        std::string_view{name == nullptr ? "" : name});
    if (found != std::end(kAllocatorCalls)) calls |= 1u << (found - std::begin(kAllocatorCalls));
  }
  return calls;
}

std::uint32_t calls_of(Elf* elf) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_DYNSYM)
      return calls_in(elf, section, header);
  }
  return 0;
}

/// What jemalloc says of itself, "5.3.0-0-g54ea...": its file name tells the interface's age only.
/// The expression is held against the surroundings of each "-g" alone: of the whole file it would
/// take a tenth of a second.
std::string version_inside(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
  static const std::regex kVersion{R"(([0-9]+\.[0-9]+\.[0-9]+)-[0-9]+-g[0-9a-f]{40})"};
  constexpr std::size_t kBefore = 32, kAfter = 42;
  for (std::size_t at = bytes.find("-g"); at != bytes.npos; at = bytes.find("-g", at + 1)) {
    const std::string around = bytes.substr(at - std::min(at, kBefore), kBefore + kAfter);
    std::smatch found;
    if (std::regex_search(around, found, kVersion)) return found[1].str();
  }
  return "";
}

/// "libtcmalloc_minimal.so.4.5.10" -> "4.5.10".
std::string version_of(const fs::path& path) {
  if (path.filename().string().find("jemalloc") != std::string::npos)
    if (std::string version = version_inside(path); !version.empty()) return version;
  const std::string name = path.filename().string();
  const auto at = name.find(".so.");
  return at == std::string::npos ? std::string{} : name.substr(at + 4);
}

/// The library with this stem, resolved through its links; empty: none.
fs::path installed(std::string_view stem) {
  for (const char* directory : kDirectories) {
    std::error_code ignored;
    fs::path best;
    for (const auto& entry : fs::directory_iterator{directory, ignored}) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(stem) && name > best.filename().string()) best = entry.path();
    }
    if (!best.empty()) return fs::canonical(best, ignored);
  }
  return {};
}

AllocatorLibrary checked(const std::string& name, const fs::path& path) {
  const auto calls = exported_calls(path.string());
  if (!calls) throw std::runtime_error{path.string() + " is not a shared library for this machine"};
  constexpr std::uint32_t kMallocAndFree = 1u << 0 | 1u << 8;
  if ((*calls & kMallocAndFree) != kMallocAndFree)
    throw std::runtime_error{path.string() + " exports no malloc and free: nothing to preload"};
  return {name, path.string(), version_of(path), *calls};
}

}  // namespace

std::optional<std::uint32_t> exported_calls(const std::string& path) {
  elf_version(EV_CURRENT);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  const std::unique_ptr<Elf, CloseElf> elf{elf_begin(fd, ELF_C_READ_MMAP, nullptr)};
  std::optional<std::uint32_t> calls;
  GElf_Ehdr header;
  if (elf != nullptr && gelf_getehdr(elf.get(), &header) != nullptr &&
      header.e_machine == EM_X86_64 && header.e_type == ET_DYN)
    calls = calls_of(elf.get());
  close(fd);
  return calls;
}

AllocatorLibrary find_allocator(const std::string& name_or_path) {
  const auto* const known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                         [&](const Known& k) { return name_or_path == k.name; });
  if (known != std::end(kKnown)) {
    const fs::path path = installed(known->stem);
    if (path.empty())
      throw std::runtime_error{name_or_path + " is not installed: no " + known->stem + "* found"};
    return checked(name_or_path, path);
  }
  std::error_code ignored;
  const fs::path path = fs::canonical(name_or_path, ignored);
  if (path.empty()) throw std::runtime_error{"there is no library " + name_or_path};
  return checked(path.filename().string(), path);
}

std::vector<AllocatorLibrary> installed_allocators() {
  std::vector<AllocatorLibrary> found;
  for (const Known& known : kKnown) {
    const fs::path path = installed(known.stem);
    if (!path.empty() && exported_calls(path.string())) found.push_back(checked(known.name, path));
  }
  return found;
}

}  // namespace tools::measure
