// Which pages are touched beforehand, and touching them.
#include "tools/run/child/touch.h"

#include <atomic>
#include <cstring>

#include <fcntl.h>
#include <link.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/heap.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;

constexpr std::uint64_t kStackBelow = 96 * 1024;
constexpr std::uint64_t kThreadRecord = 2304;  // the C library's struct pthread
constexpr int kMaxSpans = 256;

struct Touched {
  Span span;
  bool written = false;
};
Touched spans[kMaxSpans];
int span_count = 0;
Span globals;
Span main_stack;
Span own_text;
constexpr int kMaxLeft = 8;
Span left_alone[kMaxLeft + 1];
int left_count = 0;

std::uint64_t page_of(std::uint64_t address) { return address & ~(kPage - 1); }

void add(std::uint64_t begin, std::uint64_t end, bool written) {
  if (begin >= end) return;
  if (span_count == kMaxSpans) refuse(0, "more than 256 program segments are loaded");
  spans[span_count++] = {{begin, end}, written};
}

void leave_alone(std::uint64_t begin, std::uint64_t end) {
  if (left_count < kMaxLeft) left_alone[left_count++] = {page_of(begin), end};
}

/// Adds a writable segment but for its hole: what the allocator keeps there.
void add_written(std::uint64_t begin, std::uint64_t end, Span hole) {
  if (hole.end <= begin || hole.begin >= end) return add(begin, end, true);
  add(begin, page_of(hole.begin), true);
  add(hole.end, end, true);
}

/// The object whose data is the allocator's: the preloaded library, else the C library.
bool is_allocator(const dl_phdr_info& info) {
  if (shared.header->serve != Serve::Process) return false;
  const char* const library = shared.header->library;
  if (library[0] != '\0') return std::strcmp(info.dlpi_name, library) == 0;
  return std::strstr(info.dlpi_name, "/libc.so") != nullptr;
}

Span relro_of(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type != PT_GNU_RELRO) continue;
    const std::uint64_t begin = info.dlpi_addr + header.p_vaddr;
    return {page_of(begin), page_of(begin + header.p_memsz)};
  }
  return {};
}

void add_segment(const dl_phdr_info& info, const ElfW(Phdr) & header, Span relro) {
  std::uint64_t begin = info.dlpi_addr + header.p_vaddr;
  const std::uint64_t end = begin + header.p_memsz;
  // The program itself comes first.
  if ((header.p_flags & PF_X) != 0 && own_text.end == 0) own_text = {page_of(begin), end};
  if ((header.p_flags & PF_W) == 0) return add(begin, end, false);
  if (relro.end > begin && relro.end <= end) {  // it lies at the segment's start
    add(begin, relro.end, false);
    begin = relro.end;
  }
  if (is_allocator(info)) return leave_alone(begin, end);
  add_written(begin, end, globals);
}

int learn_object(dl_phdr_info* info, std::size_t, void*) {
  const Span relro = relro_of(*info);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type == PT_LOAD) add_segment(*info, header, relro);
  }
  return 0;
}

int touch_tls(dl_phdr_info* info, std::size_t, void*) {
  if (info->dlpi_tls_data == nullptr) return 0;
  const auto begin = reinterpret_cast<std::uint64_t>(info->dlpi_tls_data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_TLS) continue;
    for (std::uint64_t at = page_of(begin); at < begin + info->dlpi_phdr[i].p_memsz; at += kPage)
      std::atomic_ref<char>{*measure::at_address<char>(at < begin ? begin : at)}.fetch_add(0);
  }
  return 0;
}

void write_page(std::uint64_t address) {
  std::atomic_ref<char>{*measure::at_address<char>(address)}.fetch_add(0);
}

void touch_span(const Touched& touched) {
  std::uint64_t at = touched.span.begin;
  while (at < touched.span.end) {
    if (touched.written)
      write_page(at);
    else
      static_cast<void>(*measure::at_address<const volatile char>(at));
    at = page_of(at) + kPage;
  }
}

std::uint64_t thread_pointer() {
  std::uint64_t value;
  asm("mov %%fs:0, %0" : "=r"(value));
  return value;
}

void touch_thread() {
  dl_iterate_phdr(touch_tls, nullptr);
  const std::uint64_t self = thread_pointer();
  write_page(self);
  write_page(self + kThreadRecord - 1);
  const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
  const bool on_main_stack = here >= main_stack.begin && here < main_stack.end;
  // All of the main one: scripts name its lowest page.
  const std::uint64_t low = on_main_stack ? main_stack.begin : page_of(here) - kStackBelow;
  const std::uint64_t top = on_main_stack ? main_stack.end : page_of(here) + kPage;
  for (std::uint64_t at = low; at < top; at += kPage) write_page(at);
}

}  // namespace

Span program_text() noexcept { return own_text; }
Span allocator_globals() noexcept { return globals; }
Span allocator_data(int index) noexcept { return left_alone[index]; }

void learn_layout() noexcept {
  globals = heap_globals();
  main_stack = mapping_named("[stack]");
  dl_iterate_phdr(learn_object, nullptr);
  const auto begin = reinterpret_cast<std::uint64_t>(shared.header);
  add(begin, begin + shared.header->bytes, false);
}

void touch_all(const Task& task) noexcept {
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < span_count; ++i) touch_span(spans[i]);
    touch_thread();
    task.events.touch();
    const auto own = reinterpret_cast<std::uint64_t>(&task);
    touch_span({{own, own + sizeof task}, true});
  }
}

Span mapping_named(const char* name) noexcept {
  static char text[64 * 1024];
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg("/proc/self/maps"), O_RDONLY | O_CLOEXEC);
  std::size_t size = 0;
  while (size < sizeof text - 1) {
    const long got = raw_syscall(SYS_read, fd, arg(text + size), arg(sizeof text - 1 - size));
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text[size] = '\0';
  raw_syscall(SYS_close, fd);
  const char* found = std::strstr(text, name);
  if (found == nullptr) return {};
  while (found > text && found[-1] != '\n') --found;
  Span span;
  std::uint64_t* into = &span.begin;
  for (; *found != ' '; ++found) {
    if (*found == '-')
      into = &span.end;
    else
      *into =
          *into * 16 + static_cast<std::uint64_t>(*found <= '9' ? *found - '0' : *found - 'a' + 10);
  }
  return span;
}

}  // namespace tools::run::child
