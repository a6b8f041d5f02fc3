/* A plug-in of the emulator QEMU that counts a program's loads and stores: the least a memory plug-in
 * does, a call for each. The declarations are of version 1 of its interface, which Debian's qemu-user
 * offers without a header. */
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated)(uint64_t id, struct qemu_plugin_tb* block);
typedef void (*accessed)(unsigned cpu, uint32_t info, uint64_t address, void* data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated call);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*call)(uint64_t id, void* data), void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* block, size_t i);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn* insn, accessed call, int registers,
                                      int access, void* data);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
static uint64_t accesses;

static void count_access(unsigned cpu, uint32_t info, uint64_t address, void* data) {
  (void)cpu, (void)info, (void)address, (void)data;
  ++accesses;
}

static void watch_block(uint64_t id, struct qemu_plugin_tb* block) {
  (void)id;
  enum { kNoRegisters = 0, kLoadsAndStores = 3 };
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, i), count_access, kNoRegisters,
                                     kLoadsAndStores, NULL);
  }
}

static void report(uint64_t id, void* data) {
  (void)id, (void)data;
  fprintf(stderr, "%" PRIu64 " accesses\n", accesses);
}

__attribute__((visibility("default"))) int qemu_plugin_install(uint64_t id, const void* info, int count,
                                                               char** arguments) {
  (void)info, (void)count, (void)arguments;
  qemu_plugin_register_vcpu_tb_trans_cb(id, watch_block);
  qemu_plugin_register_atexit_cb(id, report, NULL);
  return 0;
}
