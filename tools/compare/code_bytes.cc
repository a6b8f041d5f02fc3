// Files are mapped; the kernel's own code for programs (vdso) is as in this process.
#include "tools/compare/code_bytes.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

constexpr std::string_view kVdso = "[vdso]";
constexpr std::size_t kVdsoBytes = 4096;         // at least
constexpr std::size_t kLongestInstruction = 15;  // bytes of an instruction

std::span<const std::uint8_t> map_file(const std::string& path) {
  const run::OwnedFd file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return {};
  return {static_cast<const std::uint8_t*>(at), size};
}

}  // namespace

CodeBytes::~CodeBytes() {
  for (const auto& [name, bytes] : files_) {
    if (name != kVdso && !bytes.empty()) {
      munmap(const_cast<std::uint8_t*>(bytes.data()), bytes.size());  // NOLINT: ours, mapped above
    }
  }
}

std::span<const std::uint8_t> CodeBytes::contents(const std::string& file) {
  const auto [found, fresh] = files_.try_emplace(file);
  if (fresh && file == kVdso) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives it as a number
    found->second = {reinterpret_cast<const std::uint8_t*>(getauxval(AT_SYSINFO_EHDR)), kVdsoBytes};
  } else if (fresh) {
    found->second = map_file(file);
  }
  return found->second;
}

const Instruction* CodeBytes::at(const std::string& file, std::uint64_t offset) {
  const std::span<const std::uint8_t> bytes = contents(file);
  if (offset >= bytes.size()) return nullptr;
  const auto [found, fresh] = decoded_.try_emplace({bytes.data(), offset});
  if (fresh) {
    found->second = Instruction::decode(
        bytes.subspan(offset, std::min(kLongestInstruction, bytes.size() - offset)));
  }
  return found->second ? &*found->second : nullptr;
}

}  // namespace tools::compare
