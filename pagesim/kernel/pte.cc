// pte: protections of areas as entry bits.
#include "pagesim/kernel/pte.h"

#include <sys/mman.h>

#include "pagesim/kernel/file.h"

namespace pagesim::kernel {

Entry Ptes::vm_page_prot(const Vma& vma) const noexcept {
  Entry prot = format_.page;
  if (vma.prot == PROT_NONE)
    prot = format_.user.clear(format_.present.clear(prot)) | format_.prot_none;
  const bool writable = vma.is_shared() && (vma.prot & PROT_WRITE) != 0 &&
                        !(vma.file && vma.file->wants_write_notification());
  prot = writable ? format_.writable.set(prot) : format_.writable.clear(prot);
  if (vma.has(vm_flag::ExecuteOnly)) prot |= format_.execute_key;
  return (vma.prot & PROT_EXEC) != 0 ? format_.executable.set(prot)
                                     : format_.executable.clear(prot);
}

}  // namespace pagesim::kernel
