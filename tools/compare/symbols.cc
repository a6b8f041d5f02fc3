// Files one by one, by libdwfl, as they lie on disk.
#include "tools/compare/symbols.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

#include <cstdlib>
#include <optional>

#include "tools/compare/name_table.h"

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

/// "clock_gettime@@GLIBC_2.17" -> "clock_gettime".
std::string without_version(const std::string& name) { return name.substr(0, name.find('@')); }

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

  [[nodiscard]] const Symbol& at(std::uint64_t offset) {
    const auto [known, fresh] = symbols_.try_emplace(offset);
    if (fresh) known->second = find_symbol(offset);
    return known->second;
  }

  [[nodiscard]] const std::vector<std::string>& functions_at(std::uint64_t offset) {
    const auto [known, fresh] = functions_.try_emplace(offset);
    if (fresh) known->second = find_functions(offset);
    return known->second;
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

  [[nodiscard]] Symbol find_symbol(std::uint64_t offset) {
    GElf_Addr address = 0;
    if (elf_ == nullptr || !find_address(offset, address)) return {};
    Symbol symbol;
    if (!names_) names_.emplace(module_);
    const char* const name = names_->at(address);
    if (name != nullptr) symbol.function = demangled(without_version(name).c_str());
    if (Dwfl_Line* const line = dwfl_module_getsrc(module_, address); line != nullptr) {
      const char* const source =
          dwfl_lineinfo(line, nullptr, &symbol.line, nullptr, nullptr, nullptr);
      if (source != nullptr) symbol.source = source;
    }
    return symbol;
  }

  [[nodiscard]] std::vector<std::string> find_functions(std::uint64_t offset) const {
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
  std::optional<NameTable> names_;
  std::unordered_map<std::uint64_t, Symbol> symbols_;  ///< by offset, as the next one
  std::unordered_map<std::uint64_t, std::vector<std::string>> functions_;
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
  Object* const known = object(file);
  return known == nullptr ? Symbol{} : known->at(offset);
}

std::vector<std::string> Symbols::functions_at(const std::string& file, std::uint64_t offset) {
  Object* const known = object(file);
  return known == nullptr ? std::vector<std::string>{} : known->functions_at(offset);
}

}  // namespace tools::compare
