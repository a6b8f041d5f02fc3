// Places to addresses.
#include "tools/run/child/resolve.h"

namespace tools::run::child {

using script::Base;
using script::Op;
using script::Verb;

std::uint64_t resolve(const script::Place& place, std::uint32_t process) noexcept {
  const auto offset = static_cast<std::uint64_t>(place.offset);
  switch (place.base) {
    case Base::Absolute:
      return offset;
    case Base::Heap:
      return shared.header->heap_base + offset;
    case Base::Stack:
      return shared.header->stack_base + offset;
    case Base::Text:
      return shared.header->text_base + offset;
    case Base::Name:
      break;
  }
  if (place.name == script::kNone) return offset;
  const Block* names = shared.names + std::size_t{process} * shared.header->name_count;
  return names[place.name].address + offset;
}

void resolve(Call& call) noexcept {
  const Op& op = *call.op;
  const std::uint32_t process = call.task->slot().process;
  const bool in_peer = op.verb >= Verb::VmRead && op.verb <= Verb::MemWrite;
  call.to = resolve(op.to, in_peer ? shared.tasks[op.peer].process : process);
  call.from = resolve(op.from, process);
  call.pages = op.pages;
  if (op.to.base == Base::Name && op.to.name != script::kNone)
    call.block = call.task->names()[op.to.name];
  if (op.pages == Op::kWholeRange) {
    call.length = call.block.length;
    call.pages = static_cast<std::int64_t>((call.length + kPage - 1) / kPage);
  } else if (op.pages > 0) {
    call.length = static_cast<std::uint64_t>(op.pages) * kPage;
  } else {
    call.length = op.n == 0 ? 1 : op.n;
  }
}

char* decimal(char* out, std::uint64_t number) noexcept {
  char digits[20];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) *out++ = digits[--count];
  *out = '\0';
  return out;
}

void proc_path(char* out, std::int32_t pid, const char* name) noexcept {
  for (const char* from = "/proc/"; *from != '\0'; ++from) *out++ = *from;
  out = decimal(out, static_cast<std::uint64_t>(pid));
  *out++ = '/';
  do *out++ = *name;
  while (*name++ != '\0');
}

void open_pagemap_of(std::uint32_t task, measure::PageMap& pagemap) noexcept {
  char path[64];
  proc_path(path, shared.tasks[shared.tasks[task].process].pid.load(), "pagemap");
  pagemap.open(path);
}

}  // namespace tools::run::child
