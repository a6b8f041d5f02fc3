// From the header to the segments of notes, and through them.
#include "tools/inspect/elf_note.h"

#include <elf.h>

#include <cstring>
#include <string>

namespace tools::inspect {
namespace {

struct Wanted {
  std::string_view owner;
  unsigned type;
};

bool is_owner(const Snapshot& snapshot, VirtAddr at, std::size_t bytes, std::string_view owner) {
  std::string name(owner.size() + 1, ' ');
  return bytes == name.size() && snapshot.read(at, name.data(), bytes) && name.c_str() == owner;
}

std::optional<ElfNote> find_in(const Snapshot& snapshot, VirtAddr at, VirtAddr end,
                               const Wanted& wanted) {
  Elf64_Nhdr head{};
  while (at < end && snapshot.read(at, &head, sizeof head)) {
    const VirtAddr owner = at + sizeof head;
    const VirtAddr words = owner + (head.n_namesz + 3) / 4 * 4;
    const bool of_type = wanted.type == 0 || head.n_type == wanted.type;
    if (of_type && is_owner(snapshot, owner, head.n_namesz, wanted.owner)) {
      return ElfNote{head.n_type, words, head.n_descsz};
    }
    at = words + (head.n_descsz + 3) / 4 * 4;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ElfNote> find_note(const Snapshot& snapshot, VirtAddr base, std::string_view owner,
                                 unsigned type) {
  Elf64_Ehdr head{};
  if (!snapshot.read(base, &head, sizeof head)) return std::nullopt;
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr part{};
    if (!snapshot.read(base + head.e_phoff + i * sizeof part, &part, sizeof part)) break;
    if (part.p_type != PT_NOTE) continue;
    const VirtAddr begin = base + part.p_offset;
    if (const auto note = find_in(snapshot, begin, begin + part.p_memsz, {owner, type})) {
      return note;
    }
  }
  return std::nullopt;
}

}  // namespace tools::inspect
