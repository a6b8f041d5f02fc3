// Story: one run. It stands after some step and goes to any other, forward and back, by undoing and
// redoing what the steps changed. Position 0 is before the first operation.
// Milliseconds at a time, while somebody waits for a step and while the page is used.
const kSliceWaitedFor = 40, kSliceBesides = 8;

class Story {
  constructor(run) {
    this.run = run;
    this.length = run.steps.rows;
    this.steps = readTable(run.steps, this.length);
    this.steps.address = new Float64Array(this.length);
    this.spaces = Array.from({length: Math.max(...run.tasks.map(task => task.space)) + 1}, () => (
      {slots: new Slots(), pages: new Map(), entries: new Map(), areas: new Map()}));
    this.values = [];
    this.names = new Names(run, this.steps);
    this.position = 0;
    this.ready = 0;  // so many steps are unpacked
    this.waiting = [];
    this.total = 0;
    for (let i = 0; i < this.length; ++i) this.total += this.steps.minor[i] + this.steps.major[i];
  }

  // Makes all steps ready, and lets the page be used in between; nobody's: until it is abandoned.
  async unpack() {
    for (const name of ['faults', 'areas', 'pages', 'entries', 'words', 'why', 'numbers'])
      this[name] = readTable(this.run[name], this.length);
    this.oldPages = [];
    this.oldEntries = [];
    this.oldAreas = [];
    const unpacking = new Unpacking(this);
    while (this.ready < this.length && !this.abandoned) {
      const end = performance.now() + (this.waiting.length ? kSliceWaitedFor : kSliceBesides);
      for (let n = 1; this.ready < this.length && (n % 16 || performance.now() < end); ++n) unpacking.take(this.ready++);
      for (const wake of this.waiting.splice(0)) wake();
      await new Promise(resolve => setTimeout(resolve));
    }
  }
  // Once it can go there.
  async until(position) {
    while (this.ready < Math.min(position, this.length)) await new Promise(resolve => this.waiting.push(resolve));
  }

  entryKey(row, i) { return (this.entries.at[row] + i) * 8 + this.entries.level[row]; }
  changePages(spaces, step, state) {
    for (let row = this.pages.first[step]; row < this.pages.first[step + 1]; ++row) {
      const {pages} = spaces[this.pages.space[row]];
      for (let i = 0; i < this.pages.run[row]; ++i) {
        const now = state(row, i);
        if (now < 0) pages.delete(this.pages.at[row] + i); else pages.set(this.pages.at[row] + i, now);
      }
    }
  }
  changeEntries(spaces, step, entry) {
    for (let row = this.entries.first[step]; row < this.entries.first[step + 1]; ++row) {
      const {entries} = spaces[this.entries.space[row]];
      for (let i = 0; i < this.entries.run[row]; ++i) {
        const now = entry(row, i);
        if (now < 0) entries.delete(this.entryKey(row, i)); else entries.set(this.entryKey(row, i), now);
      }
    }
  }
  changeAreas(spaces, step, area) {
    for (let row = this.areas.first[step]; row < this.areas.first[step + 1]; ++row) {
      const {areas} = spaces[this.areas.space[row]], now = area(row);
      if (now === undefined) areas.delete(this.areas.at[row]); else areas.set(this.areas.at[row], now);
    }
  }
  // What a step did to pages, entries and areas.
  change(spaces, step) {
    this.changePages(spaces, step, row => this.pages.state[row]);
    this.changeEntries(spaces, step, (row, i) => this.entries.text[row] < 0 ? -1 : row * 2097152 + i);
    this.changeAreas(spaces, step, row => this.areas.end[row] === 0 ? undefined : row);
  }

  redo(step) {
    const {first, slot, now} = this.words;
    for (let row = first[step]; row < first[step + 1]; ++row) this.values[slot[row]] = now[row];
    this.change(this.spaces, step);
    this.names.redo(step);
  }
  undo(step) {
    const {first, slot, before} = this.words;
    for (let row = first[step + 1]; row-- > first[step];) this.values[slot[row]] = before[row];
    this.changePages(this.spaces, step, (row, i) => this.oldPages[row][i]);
    this.changeEntries(this.spaces, step, (row, i) => this.oldEntries[row][i]);
    this.changeAreas(this.spaces, step, row => this.oldAreas[row]);
    this.names.undo(step);
  }
  goTo(position) {
    while (this.position < position) this.redo(this.position++);
    while (this.position > position) this.undo(--this.position);
  }

  // Where it stands.
  word(space, at) {
    const slot = this.spaces[space].slots.get(at);
    return slot < 0 ? 0 : this.values[slot];
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
  label(address) { return this.names.label(address); }
  // A byte in the script's words, as near as the names tell: "p-8", "heap+672".
  name(at) {
    const near = this.names.near(at, this.position - 1), {globals, heap} = this.run;
    if (near === null && globals && globals <= at && at - globals < 65536) return `globals+${at - globals}`;
    const base = near !== null ? near.start : heap <= at && at < heap + 2 ** 30 ? heap : null;
    if (base === null) return hex(at);
    return (near !== null ? near.label : 'heap') + (at > base ? `+${at - base}` : at < base ? `-${base - at}` : '');
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
      const {words, letters} = this.kinds[kind[note]];
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
