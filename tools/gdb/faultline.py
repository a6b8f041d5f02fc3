"""The heap of a program under libptmalloc.so or libfaultline.so, inside gdb.

    (gdb) source tools/gdb/faultline.py
    (gdb) faultline-heap            totals, regions and lists
    (gdb) faultline-heap chunks     every chunk as well

Reads the program's memory and changes nothing. The records are laid out as allocator/arena.h,
params.h, heap_record.h, tcache.h, thread_cache.h and depot.h say.
"""
import struct

import gdb

PREV_INUSE, IS_MMAPPED, FLAGS = 1, 2, 7
FASTBINS, BINS, UNSORTED, FIRST_LARGE = 10, 128, 1, 64
PARAMS_AT, RECORD_BYTES, HEAP_HEADER = 2240, 2240 + 328, 48
HEAP_MAX = 64 << 20
DEPOT_BYTES, DEPOT_IN_HEAP = 960, 2256  # an arena has two
MOST = 1 << 24  # chunks of one region or list: more means a circle


class Broken(Exception):
    """The first rule that does not hold."""


class Personality:
    """What differs between the two libraries."""

    def __init__(self, globals_bytes):
        self.is_faultline = globals_bytes > RECORD_BYTES + 1024
        self.classes = 112
        self.arena_record = DEPOT_IN_HEAP + 2 * DEPOT_BYTES if self.is_faultline else 2200


class Memory:
    def __init__(self):
        self.inferior = gdb.selected_inferior()

    def word(self, at):
        return struct.unpack("<Q", self.inferior.read_memory(at, 8).tobytes())[0]

    def half(self, at):
        return struct.unpack("<I", self.inferior.read_memory(at, 4).tobytes())[0]


def value(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error:
        return None


def find_globals():
    """Address and size of the record that both libraries keep their state in."""
    symbol = value("&'allocator::PreloadStorage::globals'")
    if symbol is None:
        return None, 0
    line = gdb.execute("info symbol %#x" % int(symbol), to_string=True)
    size = RECORD_BYTES if "libptmalloc" in line else RECORD_BYTES + 2048
    return int(symbol), size


class Heap:
    """Regions of chunks [(address, size, state)], and lists {(kind, number): [address]}."""

    def __init__(self, memory, main, personality):
        self.memory, self.main, self.personality = memory, main, personality
        self.regions, self.lists, self.broken = [], {}, None

    def read(self):
        par = self.main + PARAMS_AT
        if self.memory.word(par + 48) == 0:
            raise gdb.GdbError("malloc was not called yet.")
        self.thresholds = {"trim_threshold": self.memory.word(par + 64),
                           "top_pad": self.memory.word(par + 72),
                           "mmap_threshold": self.memory.word(par + 80),
                           "mmapped chunks": self.memory.word(par + 96),
                           "mmapped bytes": self.memory.word(par + 120)}
        self.first = (self.memory.word(par + 136) + 15) & ~15
        for read in (self.read_lists, self.read_regions):
            try:
                for arena in self.arenas():
                    read(arena)
            except (Broken, gdb.MemoryError) as broken:
                self.broken = str(broken)

    def arenas(self):
        arena = self.main
        for _ in range(65536):
            yield arena
            arena = self.memory.word(arena + 2160)
            if arena in (self.main, 0):
                return

    def top(self, arena):
        return self.memory.word(arena + 96)

    # Lists.

    def read_lists(self, arena):
        for i in range(FASTBINS):
            head = self.memory.word(arena + 16 + 8 * i)
            self.add("fast", i, self.mangled(head, 16))
        for i in range(1, BINS - 1):
            sentinel = arena + 112 - 16 + (i - 1) * 16
            kind = "unsorted" if i == UNSORTED else "small" if i < FIRST_LARGE else "large"
            self.add(kind, i, self.ring(sentinel))
        if self.personality.is_faultline:
            depots = arena + ((RECORD_BYTES + 63) & ~63 if arena == self.main else DEPOT_IN_HEAP)
            self.read_depot(depots)
            self.read_depot(depots + DEPOT_BYTES)

    def add(self, kind, number, chunks):
        if chunks:
            self.lists.setdefault((kind, number), []).extend(chunks)

    def mangled(self, head, link_at):
        """Safe-linked: each link is xored with its own page number; it lies link_at bytes behind."""
        chunks = []
        while head != 0 and len(chunks) < MOST:
            if head in chunks[-1:]:
                raise Broken("a list leads to itself, at %#x" % head)
            chunks.append(head)
            at = head + link_at
            head = (at >> 12) ^ self.memory.word(at)
        return chunks

    def ring(self, sentinel):
        chunks, before, at = [], sentinel, self.memory.word(sentinel + 16)
        while at != sentinel:
            if self.memory.word(at + 24) != before:
                raise Broken("a list's bk does not lead back, at %#x" % at)
            chunks.append(at)
            before, at = at, self.memory.word(at + 16)
        return chunks

    def plain(self, user, most):
        chunks = []
        while user != 0 and len(chunks) < most:
            chunks.append(user - 16)
            user = self.memory.word(user)
        return chunks

    def read_depot(self, at):
        for i in range(self.personality.classes):
            batch = self.memory.word(at + 8 * i)
            while batch != 0:
                count = self.memory.half(batch + 16)
                self.add("depot", i, self.plain(batch, count))
                batch = self.memory.word(batch + 8)

    def read_caches(self):
        for block in caches():
            if self.personality.is_faultline:
                self.read_slots(block)
                continue
            for i in range(64):
                head = self.memory.word(block + 128 + 8 * i)
                users = self.mangled(head, 0)
                self.add("thread cache", i, [user - 16 for user in users])

    def read_slots(self, block):
        for i in range(self.personality.classes):
            slot = block + 24 * i
            self.add("thread cache", i,
                     self.plain(self.memory.word(slot), self.memory.half(slot + 16)))
            full = self.memory.word(slot + 8)
            if full != 0:
                self.add("thread cache", i, self.plain(full, self.memory.half(full + 16)))

    # Regions.

    def read_regions(self, arena):
        top = self.top(arena)
        if arena == self.main:
            if top != arena + 112 - 16 and self.first != 0:
                most = self.first + self.memory.word(arena + 2184)
                end = top + (self.memory.word(top + 8) & ~FLAGS)
                self.walk(self.first, top, end if self.first <= top < most else most)
            return
        heap = top & ~(HEAP_MAX - 1)
        while heap != 0:
            first = heap + HEAP_HEADER
            if first == arena:
                first = (first + self.personality.arena_record + 15) & ~15
            self.walk(first, top, heap + self.memory.word(heap + 16))
            heap = self.memory.word(heap + 8)

    def walk(self, at, top, end):
        listed = {block - 16: "cache block" for block in caches()}
        listed.update((p, kind) for (kind, _), chunks in self.lists.items() for p in chunks)
        chunks, lower_free = [], False
        self.regions.append(chunks)
        while len(chunks) < MOST:
            head = self.memory.word(at + 8)
            size = head & ~FLAGS
            if at == top:
                chunks.append((at, size, "top"))
                return
            if size <= 16 and head & ~PREV_INUSE in (0, 16):
                chunks.append((at, 16, "fence"))
                return
            if size < 32 or size % 16 != 0 or size > end - at:
                chunks.append((at, 0, "broken"))
                raise Broken("a header is bad, at %#x" % at)
            if bool(head & PREV_INUSE) == lower_free:
                chunks.append((at, 0, "broken"))
                raise Broken("a header belies the chunk below, at %#x" % at)
            lower_free = not self.memory.word(at + size + 8) & PREV_INUSE
            chunks.append((at, size, listed.get(at, "unlisted" if lower_free else "in use")))
            at += size


def caches():
    """User address of each thread's cache block: the first word of the thread's record."""
    selected, blocks = gdb.selected_thread(), []
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        record = value("*(unsigned long*)&'allocator::RealStorage::thread'")
        if record is not None and int(record) != 0:
            blocks.append(int(record))
    if selected is not None:
        selected.switch()
    return blocks


def totals(heap):
    sums = {}
    for chunks in heap.regions:
        for _, size, state in chunks:
            count, total = sums.get(state, (0, 0))
            sums[state] = (count + 1, total + size)
    return sums


class FaultlineHeap(gdb.Command):
    """Print the heap of a program under libptmalloc.so or libfaultline.so: faultline-heap [chunks]"""

    def __init__(self):
        super().__init__("faultline-heap", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        main, size = find_globals()
        if main is None:
            raise gdb.GdbError("This program has neither libptmalloc.so nor libfaultline.so with "
                               "symbols.")
        heap = Heap(Memory(), main, Personality(size))
        try:
            heap.read_caches()
        except gdb.MemoryError:
            heap.broken = "a thread's cache leads out of memory"
        heap.read()
        self.show(heap, argument.strip() == "chunks")

    def show(self, heap, every_chunk):
        for state, (count, total) in sorted(totals(heap).items()):
            print("%-12s %9d chunks %14d bytes" % (state, count, total))
        for chunks in heap.regions:
            last, size, _ = chunks[-1]
            print("region %#x-%#x: %d chunks" % (chunks[0][0], last + size, len(chunks)))
            for chunk in chunks if every_chunk else []:
                print("  %#x %9d %s" % chunk)
        for (kind, number), chunks in sorted(heap.lists.items()):
            shown = " ".join("%#x" % p for p in chunks[:6]) + (" ..." if len(chunks) > 6 else "")
            print("%s %d: %d chunks: %s" % (kind, number, len(chunks), shown))
        for name, number in heap.thresholds.items():
            print("%-15s %14d" % (name, number))
        if heap.broken is not None:
            print("broken: %s" % heap.broken)


FaultlineHeap()
