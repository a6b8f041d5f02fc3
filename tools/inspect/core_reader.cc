// Segments and notes of a core.
#include "tools/inspect/core_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tools/inspect/plain_memory.h"
#include "tools/inspect/process_reader.h"

namespace tools::inspect {
namespace {

class CoreReader {
 public:
  explicit CoreReader(const std::string& path)
      : path_{path}, fd_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    elf_version(EV_CURRENT);
    elf_ = fd_ < 0 ? nullptr : elf_begin(fd_, ELF_C_READ, nullptr);
  }
  ~CoreReader() {
    elf_end(elf_);
    if (fd_ >= 0) ::close(fd_);
  }
  CoreReader(const CoreReader&) = delete;
  CoreReader& operator=(const CoreReader&) = delete;

  [[nodiscard]] Snapshot read() {
    if (fd_ < 0) throw NotACore{fmt::format("{}: {}.", path_, std::strerror(errno))};
    GElf_Ehdr head{};
    if (elf_ == nullptr || gelf_getehdr(elf_, &head) == nullptr || head.e_type != ET_CORE) {
      throw NotACore{
          fmt::format("{}: it is no core file; name one, or the number of a process.", path_)};
    }
    if (head.e_machine != EM_X86_64) {
      throw CannotInspect{fmt::format("{}: it is a core of another machine than x86-64.", path_)};
    }
    snapshot_.name = path_;
    for_each_part(PT_NOTE, [this](const GElf_Phdr& part) { read_notes(part); });
    for_each_part(PT_LOAD, [this](const GElf_Phdr& part) { read_segment(part); });
    name_heap();
    return std::move(snapshot_);
  }

 private:
  struct File {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t page = 0;  ///< in the file
    std::string name;
  };

  template <class Visit>
  void for_each_part(unsigned type, Visit visit) {
    std::size_t count = 0;
    if (elf_getphdrnum(elf_, &count) != 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr part{};
      if (gelf_getphdr(elf_, static_cast<int>(i), &part) == nullptr) return;
      if (part.p_type == type) visit(part);
    }
  }

  void read_notes(const GElf_Phdr& part) {
    Elf_Data* const data = elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(part.p_offset),
                                                part.p_filesz, ELF_T_NHDR);
    if (data == nullptr) return;
    GElf_Nhdr note{};
    std::size_t name = 0, words = 0;
    for (std::size_t at = 0; (at = gelf_getnote(data, at, &note, &name, &words)) != 0;) {
      const char* const bytes = static_cast<const char*>(data->d_buf) + words;
      if (note.n_type == NT_PRSTATUS) read_thread(bytes, note.n_descsz);
      if (note.n_type == NT_FILE) read_files(bytes, note.n_descsz);
    }
  }

  void read_thread([[maybe_unused]] const char* bytes, [[maybe_unused]] std::size_t size) {
#ifdef __x86_64__
    elf_prstatus status{};
    if (size != sizeof status) return;
    std::memcpy(&status, bytes, size);
    user_regs_struct registers{};
    static_assert(sizeof registers == sizeof status.pr_reg);
    std::memcpy(&registers, &status.pr_reg, sizeof registers);
    snapshot_.thread_pointers.push_back(registers.fs_base);
#endif
  }

  /// A count and the page size; for each file where it begins, ends, and its page; then names.
  void read_files(const char* bytes, std::size_t size) {
    const auto word = [&](std::size_t i) {
      std::uint64_t value = 0;
      if ((i + 1) * 8 <= size) std::memcpy(&value, bytes + i * 8, 8);
      return value;
    };
    const std::uint64_t count = std::min<std::uint64_t>(word(0), size / 24);
    std::size_t at = (2 + 3 * count) * 8;
    for (std::uint64_t i = 0; i < count && at < size; ++i) {
      const std::string name{bytes + at, ::strnlen(bytes + at, size - at)};
      at += name.size() + 1;
      files_.push_back({word(2 + 3 * i), word(3 + 3 * i), word(4 + 3 * i), name});
    }
    if (!files_.empty()) snapshot_.program = files_.front().name;
  }

  void read_segment(const GElf_Phdr& part) {
    Mapping mapping;
    mapping.begin = VirtAddr{part.p_vaddr};
    mapping.end = mapping.begin + part.p_memsz;
    mapping.readable = true;
    mapping.writable = (part.p_flags & PF_W) != 0;
    for (const File& file : files_) {
      if (part.p_vaddr < file.begin || part.p_vaddr >= file.end) continue;
      mapping.name = file.name;
      mapping.offset = file.page * kPage + (part.p_vaddr - file.begin);
    }
    snapshot_.mappings.push_back(mapping);
    if (is_wanted(mapping)) save(mapping, part);
  }

  void save(const Mapping& mapping, const GElf_Phdr& part) {
    SavedArea area;
    area.begin = mapping.begin;
    area.end = wanted_end(mapping);
    const std::size_t whole = area.end - area.begin;
    const std::size_t held = std::min<std::size_t>(whole, part.p_filesz);
    area.bytes = SparseBytes{whole / kPage};
    area.pages.resize(whole / kPage);
    std::fill_n(area.pages.begin(), held / kPage, PageState::Anon);
    std::array<std::byte, kPage> page;
    for (std::size_t i = 0; i < held / kPage; ++i) {
      const auto at = static_cast<off_t>(part.p_offset + i * kPage);
      if (::pread(fd_, page.data(), kPage, at) != static_cast<ssize_t>(kPage)) {
        throw NotACore{fmt::format("{}: the core is cut short.", path_)};
      }
      area.bytes.keep(i, page.data(), kAllLines);
    }
    snapshot_.areas.push_back(std::move(area));
  }

  /// No core names the heap: it is the first area above the program that begins with a chunk.
  void name_heap() {
    if (files_.empty()) return;
    for (Mapping& mapping : snapshot_.mappings) {
      if (mapping.begin.raw() < files_.front().begin) continue;
      if (mapping.is_file() && mapping.name != snapshot_.program) return;
      if (mapping.is_file() || !mapping.writable) continue;
      if (!begins_with_chunk(snapshot_, mapping)) continue;
      mapping.name = "[heap]";
      return;
    }
  }

  std::string path_;
  int fd_;
  Elf* elf_ = nullptr;
  std::vector<File> files_;
  Snapshot snapshot_;
};

}  // namespace

Snapshot read_core(const std::string& path) { return CoreReader{path}.read(); }

}  // namespace tools::inspect
