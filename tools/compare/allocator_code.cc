// Finding the functions of glibc's malloc in a stripped C library.
#include "tools/compare/allocator_code.h"

#include <fcntl.h>
#include <gelf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;

constexpr std::string_view kFamily[] = {
    "malloc",       "calloc",     "realloc", "memalign",    "aligned_alloc", "posix_memalign",
    "valloc",       "pvalloc",    "free",    "malloc_trim", "mallopt",       "malloc_usable_size",
    "malloc_stats", "malloc_info"};

struct CloseElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};

/// Code of one library, by addresses as its file has them; a library's first segment lies at 0.
class Library {
 public:
  explicit Library(const std::string& path) : fd_{open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    elf_version(EV_CURRENT);
    elf_.reset(elf_begin(fd_.get(), ELF_C_READ_MMAP, nullptr));
    std::size_t count = 0;
    if (elf_ == nullptr || elf_getphdrnum(elf_.get(), &count) != 0) return;
    bytes_ = elf_rawfile(elf_.get(), &size_);
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr header;
      if (gelf_getphdr(elf_.get(), static_cast<int>(i), &header) == nullptr) continue;
      if (header.p_type == PT_LOAD) segments_.push_back(header);
      if (header.p_type == PT_GNU_EH_FRAME) unwind_ = header;
    }
    read_symbols();
    read_functions();
  }

  [[nodiscard]] const std::vector<std::uint64_t>& functions() const { return functions_; }
  [[nodiscard]] bool in_family(std::uint64_t function) const { return family_.contains(function); }
  [[nodiscard]] bool exported(std::uint64_t function) const { return exported_.contains(function); }
  [[nodiscard]] std::uint64_t offset(std::uint64_t address) const {
    for (const GElf_Phdr& segment : segments_) {
      if (address - segment.p_vaddr < segment.p_filesz) {
        return address - segment.p_vaddr + segment.p_offset;
      }
    }
    return size_;
  }

  /// Targets of direct calls and jumps, 4-byte displacements, that lie at the start of a function.
  [[nodiscard]] std::vector<std::uint64_t> targets(std::uint64_t begin, std::uint64_t end) const {
    constexpr unsigned char kCall = 0xe8, kJump = 0xe9, kTwoBytes = 0x0f;
    std::vector<std::uint64_t> found;
    for (std::uint64_t at = begin; at + 5 <= end; ++at) {
      const auto code = read<unsigned char>(at);
      const bool conditional = code == kTwoBytes && (read<unsigned char>(at + 1) & 0xf0) == 0x80;
      if (code != kCall && code != kJump && !conditional) continue;
      const std::uint64_t displacement = at + (conditional ? 2 : 1);
      const auto target =
          displacement + 4 +
          static_cast<std::uint64_t>(std::int64_t{read<std::int32_t>(displacement)});
      if (std::binary_search(functions_.begin(), functions_.end(), target)) found.push_back(target);
    }
    return found;
  }

 private:
  template <class T>
  [[nodiscard]] T read(std::uint64_t address) const {
    T value{};
    const std::uint64_t at = offset(address);
    if (at + sizeof value <= size_) std::memcpy(&value, bytes_ + at, sizeof value);
    return value;
  }

  void read_symbols() {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNSYM) continue;
      Elf_Data* const data = elf_getdata(section, nullptr);
      for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) continue;
        if (symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
        const char* const name = elf_strptr(elf_.get(), header.sh_link, symbol.st_name);
        exported_.insert(symbol.st_value);
        if (is_malloc_function(name)) family_.insert(symbol.st_value);
      }
    }
  }

  /// The unwind table's index (.eh_frame_hdr): pairs of a function's start and its entry, each
  /// relative to the index, sorted.
  void read_functions() {
    constexpr unsigned char kRelative4 = 0x3b, kPlain4 = 0x03;
    const std::uint64_t at = unwind_.p_vaddr;
    if (read<unsigned char>(at + 2) != kPlain4 || read<unsigned char>(at + 3) != kRelative4) return;
    const auto count = read<std::uint32_t>(at + 8);
    for (std::uint64_t i = 0; i < count; ++i) {
      functions_.push_back(
          at + static_cast<std::uint64_t>(std::int64_t{read<std::int32_t>(at + 12 + 8 * i)}));
    }
  }

  run::OwnedFd fd_;
  std::unique_ptr<Elf, CloseElf> elf_;
  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::vector<GElf_Phdr> segments_;
  GElf_Phdr unwind_{};
  std::vector<std::uint64_t> functions_;
  std::set<std::uint64_t> exported_, family_;
};

/// What the family reaches by direct calls, without passing through other exported functions.
std::set<std::uint64_t> reached(const Library& library) {
  const auto& functions = library.functions();
  std::vector<std::uint64_t> waiting;
  std::copy_if(functions.begin(), functions.end(), std::back_inserter(waiting),
               [&](std::uint64_t function) { return library.in_family(function); });
  std::set<std::uint64_t> seen{waiting.begin(), waiting.end()};
  while (!waiting.empty()) {
    const auto next = std::upper_bound(functions.begin(), functions.end(), waiting.back());
    const std::uint64_t begin = waiting.back();
    waiting.pop_back();
    if (next == functions.end()) continue;
    for (const std::uint64_t target : library.targets(begin, *next)) {
      const bool other = library.exported(target) && !library.in_family(target);
      if (!other && seen.insert(target).second) waiting.push_back(target);
    }
  }
  return seen;
}

std::string find_c_library() {
  std::string found;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        if (std::string_view{info->dlpi_name}.find("/libc.so.") == std::string_view::npos) return 0;
        char* const real = realpath(info->dlpi_name, nullptr);
        *static_cast<std::string*>(to) = real == nullptr ? info->dlpi_name : real;
        free(real);
        return 1;
      },
      &found);
  return found;
}

}  // namespace

bool is_malloc_function(std::string_view name) noexcept {
  return std::find(std::begin(kFamily), std::end(kFamily), name) != std::end(kFamily);
}

/// One object file holds them all, so they lie side by side: from the first exported one to the
/// last, and before that from the first function they reach with no other exported one between.
/// (They reach functions elsewhere too, printf's to complain with: not the allocator's.)
Range malloc_functions(const std::string& c_library) {
  const Library library{c_library};
  const auto& functions = library.functions();
  const auto is_family = [&](std::uint64_t function) { return library.in_family(function); };
  const auto first = std::find_if(functions.begin(), functions.end(), is_family);
  if (first == functions.end()) {
    throw std::runtime_error{c_library + ": malloc cannot be found in it"};
  }
  const auto last = std::find_if(functions.rbegin(), functions.rend(), is_family).base();
  const auto seen = reached(library);
  const auto above = std::find_if(std::make_reverse_iterator(first), functions.rend(),
                                  [&](std::uint64_t f) { return library.exported(f); });
  const auto begin =
      std::find_if(above.base(), first, [&](std::uint64_t f) { return seen.contains(f); });
  return {library.offset(*begin),
          library.offset(last == functions.end() ? functions.back() : *last)};
}

AllocatorCode::AllocatorCode(const std::string& library)
    : library_{library}, c_library_{find_c_library()} {
  if (library_.empty()) functions_ = malloc_functions(c_library_);
}

bool AllocatorCode::contains(const std::string& file, std::uint64_t offset) const {
  if (!library_.empty()) return file == library_;
  if (file != c_library_) return false;
  return functions_.first <= offset && offset < functions_.second;
}

}  // namespace tools::compare
