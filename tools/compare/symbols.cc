// Files one by one, by libdwfl, as they lie on disk.
#include "tools/compare/symbols.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <cstdlib>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

struct EndDwfl {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

/// "std::vector<int>::push_back(int const&)" -> "std::vector<int>::push_back".
std::string without_arguments(const std::string& name) {
  constexpr std::string_view kCall = "operator()";
  const std::size_t at = name.find(kCall);
  std::size_t depth = 0;
  for (std::size_t i = at == std::string::npos ? 0 : at + kCall.size(); i < name.size(); ++i) {
    if (name[i] == '<') ++depth;
    if (name[i] == '>' && depth > 0) --depth;
    const bool nested = name.compare(i, 21, "(anonymous namespace)") == 0;
    if (name[i] == '(' && depth == 0 && !nested) return name.substr(0, i);
  }
  return name;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain{
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free};
  return plain != nullptr ? without_arguments(plain.get()) : name;
}

}  // namespace

class Symbols::Object {
 public:
  explicit Object(const std::string& file) {
    static const Dwfl_Callbacks kOffline = {.find_elf = dwfl_build_id_find_elf,
                                            .find_debuginfo = dwfl_standard_find_debuginfo,
                                            .section_address = dwfl_offline_section_address,
                                            .debuginfo_path = nullptr};
    dwfl_.reset(dwfl_begin(&kOffline));
    module_ = dwfl_report_elf(dwfl_.get(), file.c_str(), file.c_str(), -1, 0, true);
    dwfl_report_end(dwfl_.get(), nullptr, nullptr);
    elf_ = module_ == nullptr ? nullptr : dwfl_module_getelf(module_, &bias_);
  }

  [[nodiscard]] Symbol at(std::uint64_t offset) const {
    GElf_Addr address = 0;
    if (elf_ == nullptr || !find_address(offset, address)) return {};
    Symbol symbol;
    GElf_Off into = 0;
    GElf_Sym entry;
    const char* const name =
        dwfl_module_addrinfo(module_, address, &into, &entry, nullptr, nullptr, nullptr);
    if (name != nullptr) symbol.function = demangled(name);
    if (Dwfl_Line* const line = dwfl_module_getsrc(module_, address); line != nullptr) {
      const char* const source =
          dwfl_lineinfo(line, nullptr, &symbol.line, nullptr, nullptr, nullptr);
      if (source != nullptr) symbol.source = source;
    }
    return symbol;
  }

 private:
  bool find_address(std::uint64_t offset, GElf_Addr& address) const {
    std::size_t count = 0;
    if (elf_getphdrnum(elf_, &count) != 0) return false;
    for (std::size_t i = 0; i < count; ++i) {
      GElf_Phdr header;
      if (gelf_getphdr(elf_, static_cast<int>(i), &header) == nullptr) continue;
      if (header.p_type != PT_LOAD || offset - header.p_offset >= header.p_filesz) continue;
      address = offset - header.p_offset + header.p_vaddr + bias_;
      return true;
    }
    return false;
  }

  std::unique_ptr<Dwfl, EndDwfl> dwfl_;
  Dwfl_Module* module_ = nullptr;
  Elf* elf_ = nullptr;
  GElf_Addr bias_ = 0;
};

Symbols::Symbols() = default;
Symbols::~Symbols() = default;

Symbol Symbols::at(const std::string& file, std::uint64_t offset) {
  if (!file.starts_with('/')) return {};
  std::unique_ptr<Object>& object = objects_[file];
  if (object == nullptr) object = std::make_unique<Object>(file);
  return object->at(offset);
}

}  // namespace tools::compare
