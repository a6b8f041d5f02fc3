// Files one by one, by libdwfl, as they lie on disk.
#include "tools/compare/symbols.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <cstdlib>

#include "tools/run/owned_fd.h"

namespace tools::compare {
namespace {

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

  [[nodiscard]] std::vector<std::string> functions_at(std::uint64_t offset) const {
    GElf_Addr address = 0;
    Dwarf_Addr bias = 0;
    if (elf_ == nullptr || !find_address(offset, address)) return {};
    Dwarf_Die* const unit = dwfl_module_addrdie(module_, address, &bias);
    if (unit == nullptr) return {};
    const Scopes found =
        scopes([&](Dwarf_Die** to) { return dwarf_getscopes(unit, address - bias, to); });
    if (found.empty()) return {};
    // In the order of code: dwarf_getscopes goes on where an inlined function was written.
    Dwarf_Die innermost = found.front();
    std::vector<std::string> names;
    for (Dwarf_Die& die :
         scopes([&](Dwarf_Die** to) { return dwarf_getscopes_die(&innermost, to); })) {
      const int tag = dwarf_tag(&die);
      if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) continue;
      names.push_back(name_of(&die));
    }
    return names;
  }

 private:
  struct EndDwfl {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };
  using Scopes = std::vector<Dwarf_Die>;
  template <class Get>
  static Scopes scopes(Get get) {
    Dwarf_Die* found = nullptr;
    const int count = get(&found);
    const std::unique_ptr<Dwarf_Die, decltype(&std::free)> owned{found, &std::free};
    return count > 0 ? Scopes{found, found + count} : Scopes{};
  }

  static std::string name_of(Dwarf_Die* function) {
    Dwarf_Attribute attribute;
    for (const unsigned kind : {DW_AT_linkage_name, DW_AT_name}) {
      const char* const name = dwarf_formstring(dwarf_attr_integrate(function, kind, &attribute));
      if (name != nullptr) return demangled(name);
    }
    return "";
  }

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

Symbols::Object* Symbols::object(const std::string& file) {
  if (!file.starts_with('/')) return nullptr;
  std::unique_ptr<Object>& known = objects_[file];
  if (known == nullptr) known = std::make_unique<Object>(file);
  return known.get();
}

Symbol Symbols::at(const std::string& file, std::uint64_t offset) {
  const Object* const known = object(file);
  return known == nullptr ? Symbol{} : known->at(offset);
}

std::vector<std::string> Symbols::functions_at(const std::string& file, std::uint64_t offset) {
  const Object* const known = object(file);
  return known == nullptr ? std::vector<std::string>{} : known->functions_at(offset);
}

}  // namespace tools::compare
