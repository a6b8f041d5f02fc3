// Story: one run. It stands after some step and goes to any other, forward and back, by undoing and
// redoing what the steps changed. Position 0 is before the first operation.
class Story {
  constructor(run) {
    this.run = run;
    this.steps = readTable(run.steps);
    this.length = this.steps.line.length;
    for (const name of ['faults', 'stores', 'areas', 'pages', 'entries', 'words', 'why', 'numbers'])
      this[name] = readTable(run[name]);
    this.spaces = Array.from({length: Math.max(...run.tasks.map(task => task.space)) + 1}, () => (
      {slots: new Map(), pages: new Map(), entries: new Map(), areas: new Map()}));
    this.values = [];
    this.labels = new Map();
    this.position = 0;
    this.total = 0;
    for (let i = 0; i < this.length; ++i) this.total += this.steps.minor[i] + this.steps.major[i];
    this.prepareWords();
    this.prepareOld();
    this.prepareNames();
    while (this.position > 0) this.undo(--this.position);
  }

  // Each word ever changed has a slot; a slot's value is a number, or a text of hex digits.
  prepareWords() {
    const {at, space, wide, value} = this.words;
    this.slotOf = new Uint32Array(this.words.rows);
    this.newValue = new Array(this.words.rows);
    this.oldValue = new Array(this.words.rows);
    for (let row = 0; row < this.words.rows; ++row) {
      const slots = this.spaces[space[row]].slots;
      let slot = slots.get(at[row]);
      if (slot === undefined) {
        slot = this.values.length;
        slots.set(at[row], slot);
        this.values.push(0);
      }
      this.slotOf[row] = slot;
      this.oldValue[row] = this.values[slot];
      this.values[slot] = this.newValue[row] = wide[row] ? this.run.texts[value[row]] : value[row];
    }
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
    if (this.labels.size <= 5000) for (const [start, name] of this.labels) consider(start, name);
    const step = this.position - 1;
    if (step >= 0 && this.endedAt[step]) consider(this.endedAt[step], this.steps.ended[step]);
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
  // The sentences come without their numbers, which stand apart, in order.
  whyOf(position) {
    const lines = [];
    let number = this.numbers.first[position - 1];
    for (let row = this.why.first[position - 1]; row < this.why.first[position]; ++row) {
      lines.push(this.run.texts[this.why.text[row]].replace(/[\x01\x02\x03]/g, mark => {
        const value = this.numbers.number[number++];
        return mark === '\x01' ? String(value) : mark === '\x02' ? hex(value) : grouped(value);
      }));
    }
    return lines;
  }
  speaksOf(position, words) {
    return this.textOf(position).toLowerCase().includes(words) || this.whyOf(position).some(line => line.toLowerCase().includes(words)) ||
      this.faultsOf(position).some(fault => [fault.place, fault.cause, fault.writer, hex(fault.at), 'fault'].some(text => text.includes(words)));
  }
  lineOf(position) { return position === 0 ? 0 : this.steps.line[position - 1]; }
  textOf(position) { return (this.run.source[this.lineOf(position) - 1] || '').replace(/\s*#.*/, '').trim(); }
  spaceOf(position) { return position === 0 ? 0 : this.run.tasks[this.steps.task[position - 1]].space; }
}
