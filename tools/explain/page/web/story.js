// Story: one run. It stands after some step and goes to any other, forward and back, by undoing and
// redoing what the steps changed. Position 0 is before the first operation.
class Story {
  constructor(run) {
    this.run = run;
    this.length = run.steps.rows;
    this.steps = readTable(run.steps, this.length);
    this.steps.address = new Float64Array(this.length);
    this.spaces = Array.from({length: Math.max(...run.tasks.map(task => task.space)) + 1}, () => (
      {slots: new Map(), pages: new Map(), entries: new Map(), areas: new Map()}));
    this.values = [];
    this.labels = new Map();
    this.position = 0;
    this.total = 0;
    for (let i = 0; i < this.length; ++i) this.total += this.steps.minor[i] + this.steps.major[i];
  }

  // Makes all steps ready, and lets the page be used in between.
  async unpack() {
    for (const name of ['faults', 'areas', 'pages', 'entries', 'words', 'why', 'numbers'])
      this[name] = readTable(this.run[name], this.length);
    this.beginWords();
    let rested = performance.now();
    for (let step = 0; step < this.length; ++step) {
      this.takeStep(step);
      if (performance.now() - rested < 40) continue;
      await new Promise(resolve => setTimeout(resolve));
      rested = performance.now();
    }
    this.stores = this.deeds.stores;
    this.notes = this.deeds.notes;
    this.prepareOld();
    this.prepareNames();
    while (this.position > 0) this.undo(--this.position);
  }

  // Each word ever changed has a slot; a slot's value is a number, or a text of hex digits. What
  // malloc's stores left follows from the deeds; other changes have rows of their own.
  beginWords() {
    this.deeds = new Deeds(this);
    this.told = this.words;
    this.words = {first: new Uint32Array(this.length + 1)};
    this.slotOf = [];
    this.newValue = [];
    this.oldValue = [];
  }
  takeStep(step) {
    const space = this.spaces[this.run.tasks[this.steps.task[step]].space];
    const {address, name, ended, left} = this.deeds.take(step, space);
    this.steps.address[step] = address;
    this.steps.name[step] = name;
    this.steps.ended[step] = ended;
    for (const [at, bytes, value] of left) this.putBytes(space, at, bytes, value);
    const {at, first, wide, value} = this.told;
    for (let row = first[step]; row < first[step + 1]; ++row)
      this.putWord(this.spaces[this.told.space[row]], at[row], wide[row] ? this.run.texts[value[row]] : value[row]);
    this.words.first[step + 1] = this.slotOf.length;
  }
  putWord(space, at, value) {
    let slot = space.slots.get(at);
    if (slot === undefined) {
      slot = this.values.length;
      space.slots.set(at, slot);
      this.values.push(0);
    }
    if (this.values[slot] === value) return;
    this.slotOf.push(slot);
    this.oldValue.push(this.values[slot]);
    this.newValue.push(value);
    this.values[slot] = value;
  }
  putBytes(space, at, bytes, value) {
    if (bytes === 8) return this.putWord(space, at, value);
    const word = at - at % 8, slot = space.slots.get(word), big = part => BigInt(typeof part === 'string' ? '0x' + part : part);
    const shift = BigInt(8 * (at % 8)), ones = (1n << BigInt(8 * bytes)) - 1n << shift;
    const whole = big(slot === undefined ? 0 : this.values[slot]) & ~ones | big(value) << shift;
    this.putWord(space, word, whole <= BigInt(kExact) ? Number(whole) : whole.toString(16));
  }

  // What pages, entries and areas were before each change. Ends after the last step.
  prepareOld() {
    this.oldPages = new Array(this.pages.rows);
    this.oldEntries = new Array(this.entries.rows);
    this.oldAreas = new Array(this.areas.rows);
    for (let step = 0; step < this.length; ++step) {
      for (let row = this.pages.first[step]; row < this.pages.first[step + 1]; ++row) {
        const pages = this.spaces[this.pages.space[row]].pages;
        this.oldPages[row] = Int16Array.from({length: this.pages.run[row]},
          (_, i) => pages.get(this.pages.at[row] + i) ?? -1);
      }
      for (let row = this.entries.first[step]; row < this.entries.first[step + 1]; ++row) {
        const entries = this.spaces[this.entries.space[row]].entries;
        this.oldEntries[row] = Float64Array.from({length: this.entries.run[row]},
          (_, i) => entries.get(this.entryKey(row, i)) ?? -1);
      }
      for (let row = this.areas.first[step]; row < this.areas.first[step + 1]; ++row)
        this.oldAreas[row] = this.spaces[this.areas.space[row]].areas.get(this.areas.at[row]);
      this.changePages(step, (row, i) => this.pages.state[row]);
      this.changeEntries(step, (row, i) => this.entries.text[row] < 0 ? -1 : row * 2097152 + i);
      this.changeAreas(step, row => this.areas.end[row] === 0 ? undefined : row);
    }
    this.position = this.length;
  }

  // Which address each name stood for: what a step bound and ended.
  prepareNames() {
    const {address, name, ended} = this.steps, now = new Map();
    this.endedAt = new Float64Array(this.length);
    this.boundBefore = new Float64Array(this.length);
    for (let step = 0; step < this.length; ++step) {
      if (ended[step] >= 0) this.endedAt[step] = now.get(ended[step]) ?? 0;
      if (name[step] < 0 || !address[step]) continue;
      this.boundBefore[step] = now.get(name[step]) ?? 0;
      now.set(name[step], address[step]);
    }
    for (let step = 0; step < this.length; ++step) this.redoNames(step);
  }
  redoNames(step) {
    const {address, name} = this.steps;
    if (this.endedAt[step]) this.labels.delete(this.endedAt[step]);
    if (name[step] >= 0 && address[step]) this.labels.set(address[step], name[step]);
  }
  undoNames(step) {
    const {address, name, ended} = this.steps;
    if (name[step] >= 0 && address[step]) {
      this.labels.delete(address[step]);
      if (this.boundBefore[step]) this.labels.set(this.boundBefore[step], name[step]);
    }
    if (this.endedAt[step]) this.labels.set(this.endedAt[step], ended[step]);
  }

  entryKey(row, i) { return (this.entries.at[row] + i) * 8 + this.entries.level[row]; }
  changePages(step, state) {
    for (let row = this.pages.first[step]; row < this.pages.first[step + 1]; ++row) {
      const pages = this.spaces[this.pages.space[row]].pages;
      for (let i = 0; i < this.pages.run[row]; ++i) {
        const now = state(row, i);
        if (now < 0) pages.delete(this.pages.at[row] + i); else pages.set(this.pages.at[row] + i, now);
      }
    }
  }
  changeEntries(step, entry) {
    for (let row = this.entries.first[step]; row < this.entries.first[step + 1]; ++row) {
      const entries = this.spaces[this.entries.space[row]].entries;
      for (let i = 0; i < this.entries.run[row]; ++i) {
        const now = entry(row, i);
        if (now < 0) entries.delete(this.entryKey(row, i)); else entries.set(this.entryKey(row, i), now);
      }
    }
  }
  changeAreas(step, area) {
    for (let row = this.areas.first[step]; row < this.areas.first[step + 1]; ++row) {
      const areas = this.spaces[this.areas.space[row]].areas, now = area(row);
      if (now === undefined) areas.delete(this.areas.at[row]); else areas.set(this.areas.at[row], now);
    }
  }

  redo(step) {
    for (let row = this.words.first[step]; row < this.words.first[step + 1]; ++row)
      this.values[this.slotOf[row]] = this.newValue[row];
    this.changePages(step, row => this.pages.state[row]);
    this.changeEntries(step, (row, i) => this.entries.text[row] < 0 ? -1 : row * 2097152 + i);
    this.changeAreas(step, row => this.areas.end[row] === 0 ? undefined : row);
    this.redoNames(step);
  }
  undo(step) {
    for (let row = this.words.first[step + 1]; row-- > this.words.first[step];)
      this.values[this.slotOf[row]] = this.oldValue[row];
    this.changePages(step, (row, i) => this.oldPages[row][i]);
    this.changeEntries(step, (row, i) => this.oldEntries[row][i]);
    this.changeAreas(step, row => this.oldAreas[row]);
    this.undoNames(step);
  }
  goTo(position) {
    while (this.position < position) this.redo(this.position++);
    while (this.position > position) this.undo(--this.position);
  }

  // Where it stands.
  word(space, at) {
    const slot = this.spaces[space].slots.get(at);
    return slot === undefined ? 0 : this.values[slot];
  }
  pageState(space, page) {
    const state = this.spaces[space].pages.get(page);
    return state === undefined ? 'absent' : this.run.texts[state];
  }
  areaList(space) {
    return [...this.spaces[space].areas.values()].map(row => {
      const [prot, name] = this.run.texts[this.areas.text[row]].split(' ');
      return {start: this.areas.at[row], end: this.areas.end[row], prot, name};
    }).sort((a, b) => a.start - b.start);
  }
  // Root first; ends at the first entry that leads to no table.
  walk(space, address) {
    const {levels, page_shift: pageShift} = this.run.geometry, steps = [];
    for (let level = levels.length; level-- > 0;) {
      const {name, shift, bits} = levels[level];
      const prefix = Math.floor(address / 2 ** shift), index = prefix % 2 ** bits;
      const entry = this.spaces[space].entries.get(prefix * 8 + level);
      if (entry === undefined) { steps.push({name, index, kind: 'empty', bits: []}); break; }
      const row = Math.floor(entry / 2097152), i = entry % 2097152;
      const [rest, kind, ...words] = this.run.texts[this.entries.text[row]].split(' ');
      const frame = this.entries.frame[row] + i * this.entries.step[row];
      const raw = BigInt('0x' + rest) ^ (BigInt(frame) << BigInt(pageShift));
      steps.push({name, index, kind, bits: words, frame, table: this.entries.table[row],
        raw: '0x' + raw.toString(16).padStart(2 * this.run.geometry.entry_bytes, '0')});
      if (kind !== 'table') break;
    }
    return steps;
  }
  // The addresses that names stand for now, in order, and the first of them from `at` on.
  get named() {
    if (this.namedAt !== this.position) {
      this.sorted = Float64Array.from(this.labels.keys()).filter(at => this.label(at)).sort();
      this.namedAt = this.position;
    }
    return this.sorted;
  }
  namedFrom(at) {
    const {named} = this;
    let low = 0, high = named.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (named[middle] < at) low = middle + 1; else high = middle;
    }
    return low;
  }
  label(address) {
    const name = this.labels.get(address);
    return name === undefined ? '' : this.run.names[name];
  }

  // A byte in the script's words, as near as the names tell: "p-8", "heap+672". The block that the
  // step ended still has its name.
  name(at) {
    let best = null, label = '';
    const consider = (start, name) => {
      const near = this.run.names[name] && start - 16 <= at && at - start < 16384;
      if (!near || (best !== null && Math.abs(at - start) >= Math.abs(at - best))) return;
      best = start;
      label = this.run.names[name];
    };
    const above = this.namedFrom(at + 1);
    for (const start of this.named.subarray(Math.max(0, above - 1), above + 1)) consider(start, this.labels.get(start));
    const step = this.position - 1;
    if (step >= 0 && this.endedAt[step]) consider(this.endedAt[step], this.steps.ended[step]);
    const {globals} = this.run;
    if (best === null && globals && globals <= at && at - globals < 65536) return `globals+${at - globals}`;
    const base = best !== null ? best : this.run.heap <= at && at < this.run.heap + 2 ** 30 ? this.run.heap : null;
    if (base === null) return hex(at);
    const text = best !== null ? label : 'heap';
    return text + (at > base ? `+${at - base}` : at < base ? `-${base - at}` : '');
  }

  // What a step did. Steps are numbered from 1, as positions are.
  faultsOf(position) {
    const {first, at, run, access, mode, outcome, cause, writer, code, place} = this.faults;
    const list = [], words = this.run;
    for (let row = first[position - 1]; row < first[position]; ++row) {
      list.push({at: at[row], run: run[row], access: words.accesses[access[row]], mode: words.modes[mode[row]],
        outcome: words.outcomes[outcome[row]], cause: words.causes[cause[row]],
        writer: words.writers[writer[row]], code: code[row], place: words.texts[place[row]]});
    }
    return list;
  }
  storesOf(position) {
    const {first, at, bytes, run, step, writer, faults} = this.stores, list = [];
    for (let row = first[position - 1]; row < first[position]; ++row) {
      list.push({at: at[row], bytes: bytes[row], run: run[row], step: step[row],
        writer: this.run.writers[writer[row]], faults: faults[row]});
    }
    return list;
  }
  // Of a step with faults the sentences come whole, but without their numbers, which stand apart, in
  // order. Others are made of the decisions.
  whyOf(position) {
    const lines = [], end = this.why.first[position];
    let number = this.numbers.first[position - 1], row = this.why.first[position - 1];
    if (row === end) return this.decisionsOf(position);
    for (; row < end; ++row) {
      lines.push(this.run.texts[this.why.text[row]].replace(/[\x01\x02\x03]/g, mark => {
        const value = this.numbers.number[number++];
        return mark === '\x01' ? String(value) : mark === '\x02' ? hex(value) : grouped(value);
      }));
    }
    return lines;
  }
  decisionsOf(position) {
    const {first, kind, begin} = this.notes, lines = [];
    for (let note = first[position - 1]; note < first[position]; ++note) {
      const {words, letters} = this.deeds.kinds[kind[note]];
      const line = words.replace(/\{(\w)\}/g, (_, letter) => this.argument(begin[note] + letters.indexOf(letter), letter < 'a'));
      if (line !== lines[lines.length - 1]) lines.push(line);
    }
    return lines;
  }
  argument(row, isPlace) {
    const {value, label, text} = this.notes;
    if (!isPlace) return grouped(value[row]);
    const place = text[row] < 0 ? 'heap+' + hex(value[row] - this.run.heap) : this.run.texts[text[row]];
    return label[row] < 0 ? place : `${place} (${this.run.names[label[row]]})`;
  }
  speaksOf(position, words) {
    return this.textOf(position).toLowerCase().includes(words) || this.whyOf(position).some(line => line.toLowerCase().includes(words)) ||
      this.faultsOf(position).some(fault => [fault.place, fault.cause, fault.writer, hex(fault.at), 'fault'].some(text => text.includes(words)));
  }
  lineOf(position) { return position === 0 ? 0 : this.steps.line[position - 1]; }
  textOf(position) { return (this.run.source[this.lineOf(position) - 1] || '').replace(/\s*#.*/, '').trim(); }
  spaceOf(position) { return position === 0 ? 0 : this.run.tasks[this.steps.task[position - 1]].space; }
}
