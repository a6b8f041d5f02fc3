// x86-64's calls and jumps by displacement, and the relocations of the slots they go by.
#include "tools/compare/call_target.h"

#include <fcntl.h>
#include <gelf.h>

#include <cstring>
#include <vector>

#include "tools/run/owned_fd.h"

namespace tools::compare {

class CallTargets::Object {
 public:
  explicit Object(const std::string& path) : fd_{open(path.c_str(), O_RDONLY | O_CLOEXEC)} {
    elf_version(EV_CURRENT);
    elf_.reset(fd_.is_open() ? elf_begin(fd_.get(), ELF_C_READ_MMAP, nullptr) : nullptr);
    GElf_Ehdr header;
    std::size_t count = 0;
    if (elf_ == nullptr || gelf_getehdr(elf_.get(), &header) == nullptr) return;
    if (header.e_machine != EM_X86_64 || elf_getphdrnum(elf_.get(), &count) != 0) return;
    bytes_ = elf_rawfile(elf_.get(), &size_);
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr segment;
      if (gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) == nullptr) continue;
      if (segment.p_type == PT_LOAD) segments_.push_back(segment);
    }
    read_slots();
  }

  /// `back`: the offset in the file that the call returns to.
  [[nodiscard]] std::optional<Target> before(std::uint64_t back) const {
    constexpr std::uint16_t kCallSlot = 0x15ff;
    const std::uint64_t address = address_of(back);
    if (back < 6 || address == 0) return std::nullopt;
    if (byte(back - 5) == kCall) return follow(address + displacement(back - 4));
    const auto slot = slots_.find(address + displacement(back - 4));
    if (read<std::uint16_t>(back - 6) != kCallSlot || slot == slots_.end()) return std::nullopt;
    return Target{slot->second, 0};
  }

 private:
  static constexpr unsigned char kCall = 0xe8, kJump = 0xe9;
  struct CloseElf {
    void operator()(Elf* elf) const { elf_end(elf); }
  };

  /// Functions that jump on at once, a few in a row.
  [[nodiscard]] std::optional<Target> follow(std::uint64_t address) const {
    constexpr std::uint32_t kBranchMark = 0xfa1e0ff3;  // endbr64
    constexpr std::uint16_t kJumpSlot = 0x25ff;
    constexpr int kMostJumps = 4;
    for (int i = 0; i < kMostJumps; ++i) {
      std::uint64_t at = offset_of(address);
      if (read<std::uint32_t>(at) == kBranchMark) at += 4;
      if (byte(at) == 0xf2) ++at;  // bnd
      const bool by_slot = read<std::uint16_t>(at) == kJumpSlot;
      if (!by_slot && byte(at) != kJump) return Target{"", offset_of(address)};
      const std::uint64_t end = at + (by_slot ? 6 : 5);
      const std::uint64_t target = address_of(end) + displacement(end - 4);
      if (!by_slot) {
        address = target;
        continue;
      }
      const auto slot = slots_.find(target);
      return slot == slots_.end() ? std::nullopt : std::optional{Target{slot->second, 0}};
    }
    return std::nullopt;
  }

  template <class T>
  [[nodiscard]] T read(std::uint64_t offset) const {
    T value{};
    if (offset < size_ && sizeof value <= size_ - offset) {
      std::memcpy(&value, bytes_ + offset, sizeof value);
    }
    return value;
  }
  [[nodiscard]] unsigned char byte(std::uint64_t offset) const {
    return read<unsigned char>(offset);
  }
  [[nodiscard]] std::uint64_t displacement(std::uint64_t offset) const {
    return static_cast<std::uint64_t>(std::int64_t{read<std::int32_t>(offset)});
  }
  [[nodiscard]] std::uint64_t address_of(std::uint64_t offset) const {
    for (const GElf_Phdr& segment : segments_) {
      const std::uint64_t into = offset - segment.p_offset;
      if (into < segment.p_filesz) return segment.p_vaddr + into;
    }
    return 0;
  }
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const {
    for (const GElf_Phdr& segment : segments_) {
      const std::uint64_t into = address - segment.p_vaddr;
      if (into < segment.p_filesz) return segment.p_offset + into;
    }
    return size_;
  }

  void read_slots() {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
      GElf_Shdr header;
      if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_RELA) continue;
      read_relocations(section, header);
    }
  }
  void read_relocations(Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Scn* const table = elf_getscn(elf_.get(), header.sh_link);
    GElf_Shdr symbols;
    if (table == nullptr || gelf_getshdr(table, &symbols) == nullptr) return;
    Elf_Data* const data = elf_getdata(section, nullptr);
    Elf_Data* const names = elf_getdata(table, nullptr);
    for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Rela entry;
      GElf_Sym symbol;
      if (gelf_getrela(data, static_cast<int>(i), &entry) == nullptr) continue;
      const auto type = GELF_R_TYPE(entry.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
      const auto number = static_cast<int>(GELF_R_SYM(entry.r_info));
      if (gelf_getsym(names, number, &symbol) == nullptr) continue;
      const char* const name = elf_strptr(elf_.get(), symbols.sh_link, symbol.st_name);
      if (name != nullptr) slots_[entry.r_offset] = name;
    }
  }

  run::OwnedFd fd_;
  std::unique_ptr<Elf, CloseElf> elf_;
  const char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::vector<GElf_Phdr> segments_;
  std::unordered_map<std::uint64_t, std::string> slots_;  ///< names by address
};

CallTargets::CallTargets() = default;
CallTargets::~CallTargets() = default;

std::optional<CallTargets::Target> CallTargets::of(const std::string& file, std::uint64_t offset) {
  if (!file.starts_with('/')) return std::nullopt;
  std::unique_ptr<Object>& object = objects_[file];
  if (object == nullptr) object = std::make_unique<Object>(file);
  return object->before(offset + 1);
}

}  // namespace tools::compare
