// Heap: chunks and lists, read out of malloc's words as they stand at a story's step. The records'
// layout is that of allocator/arena.h, params.h, tcache.h and heap_record.h.
const kSizeBits = 7, kPrevInuse = 1, kIsMmapped = 2, kNonMain = 4, kMinSize = 32, kMappingUnit = 4096;
const kParams = 2240, kHeapMax = 67108864, kHeapHeader = 48, kArenaBytes = 2200;
const kFastbins = 16, kTop = 96, kBins = 112, kNext = 2160, kSystemMem = 2184;

// Page and word arithmetic beyond 32 bits: exact, since addresses are below 2^53.
const upTo = (n, step) => Math.ceil(n / step) * step;
const downTo = (n, step) => Math.floor(n / step) * step;
// A link of the thread cache and the fast bins is stored as its address >> 12 XOR what it leads to.
function unmangle(at, stored) {
  const plain = BigInt(typeof stored === 'string' ? '0x' + stored : stored) ^ (BigInt(at) >> 12n);
  return Number(plain);
}

class Heap {
  constructor(story, space) {
    this.story = story;
    this.space = space;
    this.globals = story.run.globals;
    this.readLists();
    this.readSegments();
  }
  word(at) { return this.story.word(this.space, at); }
  number(at) { const word = this.word(at); return typeof word === 'string' ? Number('0x' + word) : word; }
  // `i`-th part of `bits` bits of the words from `at` on.
  part(at, i, bits) {
    const word = this.word(at + downTo(i * bits / 8, 8)), shift = i * bits % 64;
    const wide = typeof word === 'string' ? BigInt('0x' + word) : BigInt(word);
    return Number(wide >> BigInt(shift) & (1n << BigInt(bits)) - 1n);
  }

  readLists() {
    this.lists = [];  // {kind, size, of, members: addresses of chunks, more}
    this.cached = new Map();
    this.fast = new Map();
    this.unsorted = new Set();
    for (const task of this.story.run.tasks) {
      if (task.space === this.space && task.locals) this.readCache(task);
    }
    this.arenas = [this.globals];
    for (let next = this.number(this.globals + kNext); next && next !== this.globals && this.arenas.length < 64;
         next = this.number(next + kNext)) this.arenas.push(next);
    this.tops = new Set(this.arenas.map(arena => this.number(arena + kTop)));
    this.arenas.forEach((arena, i) => this.readBins(arena, i === 0 ? '' : `arena ${i}`));
  }

  readCache(task) {
    const block = this.number(task.locals);
    if (!block) return;
    this.caches = (this.caches || new Set()).add(block - 16);
    const of = this.story.run.tasks.filter(other => other.space === this.space).length > 1 ? task.name : '';
    for (let i = 0; i < 64; ++i) {
      const count = this.part(block, i, 16), members = [];
      for (let at = this.number(block + 128 + 8 * i); at && members.length < Math.max(count, 7) + 1;
           at = unmangle(at, this.word(at))) {
        members.push(at - 16);
        this.cached.set(at - 16, i);
      }
      if (count || members.length) this.lists.push({kind: 'tcache', size: 32 + 16 * i, of, members, count});
    }
  }

  readBins(arena, of) {
    for (let i = 0; i < 10; ++i) {
      const members = [];
      for (let at = this.number(arena + kFastbins + 8 * i); at && !this.fast.has(at);
           at = unmangle(at + 16, this.word(at + 16))) {
        members.push(at);
        this.fast.set(at, i);
      }
      if (members.length) this.lists.push({kind: 'fast', size: 32 + 16 * i, of, members, count: members.length});
    }
    for (let i = 1; i < 127; ++i) {
      const sentinel = arena + kBins - 16 + (i - 1) * 16, members = [];
      const most = i === 1 ? Infinity : 200, seen = new Set();
      let at = this.number(sentinel + 16);
      for (; at && at !== sentinel && !seen.has(at) && members.length < most; at = this.number(at + 16)) {
        members.push(at);
        seen.add(at);
      }
      if (i === 1) for (const member of members) this.unsorted.add(member);
      const kind = i === 1 ? 'unsorted' : i < 64 ? 'small' : 'large';
      if (members.length)
        this.lists.push({kind, bin: i, size: i > 1 && i < 64 ? 16 * i : 0, of, members,
          count: members.length, more: at && at !== sentinel});
    }
  }

  // Stretches of chunks that lie one behind the other, each up to its top or its fence.
  readSegments() {
    this.segments = [];
    const base = this.number(this.globals + kParams + 136), top = this.number(this.globals + kTop);
    const hasMemory = top !== 0 && top !== this.globals + kBins - 16;
    if (base && hasMemory) this.segments.push(this.segment(upTo(base, 16), this.mainEnd(upTo(base, 16)), 'heap'));
    for (const arena of this.arenas.slice(1)) {
      let heap = downTo(this.number(arena + kTop), kHeapMax);
      for (let i = 0; heap && i < 16; ++i, heap = this.number(heap + 8)) {
        const first = heap + kHeapHeader;
        const begin = first === arena ? upTo(first + kArenaBytes, 16) : first;
        this.segments.push(this.segment(begin, heap + this.number(heap + 16), `heap of arena ${this.arenas.indexOf(arena)}`));
      }
    }
    if (hasMemory && !this.segmentOf(top)) this.readOtherSegments(top);
  }

  // Of a segment of the main arena that begins there.
  mainEnd(begin) {
    const top = this.number(this.globals + kTop), most = begin + this.number(this.globals + kSystemMem);
    return begin <= top && top < most ? top + this.size(top) : most;
  }
  // The main arena's memory behind memory of somebody else: found from the chunks known to lie there,
  // which are those of its lists, and top (tools/heap/region_search.h).
  readOtherSegments(top) {
    const known = this.lists.flatMap(list => list.members).concat(top);
    for (const chunk of known.filter(at => !this.segmentOf(at)).sort((a, b) => a - b)) {
      while (!this.segmentOf(chunk)) {
        const begin = this.firstChunk(this.lowestStart(chunk), chunk);
        this.segments.push(this.segment(begin, this.mainEnd(begin), 'heap, behind other memory'));
        if (begin === chunk) break;
      }
    }
  }
  lowestStart(chunk) {
    const area = this.story.areaList(this.space).find(area => area.start <= chunk && chunk < area.end);
    const ends = this.segments.map(segment => segment.end).filter(end => end <= chunk);
    return upTo(Math.max(area ? area.start : chunk, ...ends), 16);
  }
  // The lowest address from which chunk follows chunk up to one that is known, or up to fences.
  firstChunk(lowest, chunk) {
    const failed = new Set();
    for (let start = lowest; start < chunk; start += 16) {
      if (this.head(start) % 2 !== kPrevInuse) continue;
      for (let at = start; !failed.has(at); at += this.size(at)) {
        failed.add(at);
        if (at !== start && this.areFences(at)) return start;
        const size = this.size(at), {M, A} = this.flags(at);
        if (size < kMinSize || size % 16 || size > chunk - at || M || A) break;
        if (at + size === chunk) return start;
      }
    }
    return chunk;
  }
  areFences(at) { return downTo(this.head(at), 2) === 16 && this.head(at + 16) === 17; }
  isFence(at) { return this.head(at) === kPrevInuse || downTo(this.head(at), 2) === 16; }

  segment(begin, end, name) {
    const starts = [];
    let at = begin, broken = '';
    while (at < end) {
      const size = this.size(at);
      starts.push(at);
      if (size < kMinSize) {
        end = at + 16;
        if (this.isFence(end)) { starts.push(end); end += 16; }
        break;
      }
      if (size % 16 || at + size > end) {
        broken = size % 16 ? 'its size is no multiple of 16' : 'it reaches past the end of the heap';
        break;
      }
      at += size;
    }
    return {begin, end, name, starts, broken};
  }

  head(at) { return this.number(at + 8); }
  size(at) { const head = this.head(at); return head - head % 8; }
  flags(at) {
    const low = this.head(at) % 8;
    return {P: (low & kPrevInuse) !== 0, M: (low & kIsMmapped) !== 0, A: (low & kNonMain) !== 0};
  }
  state(at) {
    if (this.tops.has(at)) return 'top';
    const size = this.size(at);
    if (size < kMinSize) return 'fence';
    if (this.flags(at).M) return 'mmapped';
    if (this.cached.has(at)) return 'tcache';
    if (this.fast.has(at)) return 'fast';
    if (this.head(at + size) % 2 === 1) return this.caches && this.caches.has(at) ? 'cacheblock' : 'inuse';
    return this.unsorted.has(at) ? 'unsorted' : size < 1024 ? 'small' : 'large';
  }

  // Blocks that are mappings of their own, within an area. In a large one only those it begins with.
  mapped(area) {
    const starts = [], most = area.end - area.start < 2 ** 28 ? Infinity : 1;
    for (let page = area.start, missed = 0; page < area.end && missed < most;) {
      const at = this.mappedAt(area, page);
      if (at) starts.push(at); else ++missed;
      page = at ? at + this.size(at) : page + kMappingUnit;
    }
    return {begin: area.start, end: area.end, name: 'mapping', starts, broken: ''};
  }
  // memalign moves the chunk up in its mapping and leaves the first header as it was: the chunk lies
  // where some alignment would have put it, and tells how far that is from the beginning.
  mappedAt(area, begin) {
    if (this.head(begin) % 8 !== kIsMmapped || this.number(begin) !== 0) return 0;
    for (let alignment = kMinSize; alignment < area.end - begin; alignment *= 2) {
      let lead = upTo(begin + 16, alignment) - 16 - begin;
      if (lead < kMinSize) lead += alignment;
      if (this.isMapped(area, begin + lead, lead)) return begin + lead;
    }
    return this.isMapped(area, begin, 0) ? begin : 0;
  }
  isMapped(area, at, lead) {
    const end = at + this.size(at);
    return this.head(at) % 8 === kIsMmapped && this.number(at) === lead && this.size(at) >= kMinSize && end <= area.end &&
      end % kMappingUnit === 0;
  }

  segmentOf(at) { return this.segments.find(segment => segment.begin <= at && at < segment.end); }
  // The chunk that holds a byte; 0: none.
  chunkAt(segment, at) {
    let low = 0, high = segment.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (segment.starts[middle] <= at) low = middle + 1; else high = middle;
    }
    return low === 0 ? 0 : segment.starts[low - 1];
  }

  // Whose each word of a chunk is: [offset, name, whose].
  words(at) {
    const size = this.size(at), state = this.state(at), flags = this.flags(at);
    const listed = state === 'unsorted' || state === 'small' || state === 'large';
    const linked = state === 'tcache' || state === 'fast';
    const rows = [[0, 'prev_size', flags.M ? 'malloc: bytes before the chunk' : flags.P
      ? 'the block below: its last 8 bytes' : 'malloc: size of the free chunk below'],
      [8, 'size', 'malloc: ' + [`size ${grouped(size)}`, flags.P ? 'P below in use' : 'below is free',
        flags.M ? 'M mapped' : '', flags.A ? 'A other arena' : ''].filter(text => text).join(', ')]];
    const user = state === 'inuse' || state === 'mmapped' ? 'the program' : state === 'cacheblock'
      ? "malloc: the thread cache's counts and lists" : 'nobody: what the program left';
    if (state === 'top') rows.push([16, 'rest', 'nobody: not handed out yet']);
    else if (size >= kMinSize) {
      rows.push([16, listed ? 'fd' : linked ? 'next' : 'data',
        listed ? 'malloc: next in the list' : linked ? 'malloc: next in the list, mangled' : user]);
      rows.push([24, listed ? 'bk' : state === 'tcache' ? 'key' : 'data', listed ? 'malloc: previous in the list'
        : state === 'tcache' ? 'malloc: key, to notice a second free' : user]);
      if (size > 32) rows.push([32, state === 'large' ? 'fd_nextsize' : 'data',
        state === 'large' ? 'malloc: a chunk of another size' : user]);
    }
    if (state !== 'top' && state !== 'mmapped' && state !== 'fence') rows.push([size, "next's prev_size",
      listed ? 'malloc: this size again' : state === 'inuse' ? 'the program: its last 8 bytes' : user]);
    return rows;
  }

  thresholds() {
    const at = this.globals + kParams;
    return [['mmap_threshold', this.number(at + 80)], ['trim_threshold', this.number(at + 64)],
      ['top_pad', this.number(at + 72)], ['tcache_count', this.number(at + 16)],
      ['max_fast', this.number(at + 32)], ['system_mem', this.number(this.globals + kSystemMem)]];
  }
}
