// Unpacking: makes a story's steps ready, one after the other. It stands after the last that is ready,
// wherever the story stands.
class Unpacking {
  constructor(story) {
    this.story = story;
    this.spaces = story.spaces.map(() => ({pages: new Map(), entries: new Map(), areas: new Map()}));
    this.values = [];  // by slot
    this.deeds = new Deeds(story, this.values);
    this.told = story.words;
    story.words = {first: new Uint32Array(story.length + 1), slot: [], now: [], before: []};
    story.stores = this.deeds.stores;
    story.notes = this.deeds.notes;
    story.kinds = this.deeds.kinds;
  }
  take(step) {
    this.takeWords(step);
    this.story.names.take(step);
    this.takeOld(step);
    this.story.change(this.spaces, step);
  }

  // Each word ever changed has a slot; a slot's value is a number, or a text of hex digits. What
  // malloc's stores left follows from the deeds; other changes have rows of their own.
  takeWords(step) {
    const {story, told} = this, {steps, run, spaces, words} = story, space = spaces[run.tasks[steps.task[step]].space];
    const {address, name, ended, left} = this.deeds.take(step, space);
    steps.address[step] = address;
    steps.name[step] = name;
    steps.ended[step] = ended;
    for (const [at, bytes, value] of left) this.putBytes(space, at, bytes, value);
    for (let row = told.first[step]; row < told.first[step + 1]; ++row)
      this.putWord(spaces[told.space[row]], told.at[row], told.wide[row] ? run.texts[told.value[row]] : told.value[row]);
    words.first[step + 1] = words.slot.length;
  }
  putWord(space, at, value) {
    const {words} = this.story;
    let slot = space.slots.get(at);
    if (slot < 0) {
      slot = this.values.length;
      space.slots.set(at, slot);
      this.values.push(0);
      this.story.values.push(0);
    }
    if (this.values[slot] === value) return;
    words.slot.push(slot);
    words.before.push(this.values[slot]);
    words.now.push(value);
    this.values[slot] = value;
  }
  putBytes(space, at, bytes, value) {
    if (bytes === 8) return this.putWord(space, at, value);
    const word = at - at % 8, slot = space.slots.get(word), old = slot < 0 ? 0 : this.values[slot];
    if (bytes <= 4 && typeof old === 'number' && typeof value === 'number') return this.putPart(space, at, bytes, value, old);
    const big = part => BigInt(typeof part === 'string' ? '0x' + part : part);
    const shift = BigInt(8 * (at % 8)), ones = (1n << BigInt(8 * bytes)) - 1n << shift;
    const whole = big(old) & ~ones | big(value) << shift;
    this.putWord(space, word, whole <= BigInt(kExact) ? Number(whole) : whole.toString(16));
  }
  // The same where all numbers are exact.
  putPart(space, at, bytes, value, old) {
    const unit = 256 ** (at % 8), span = 256 ** bytes, part = Math.floor(old / unit) % span;
    const whole = old + (value - part) * unit, word = at - at % 8;
    if (whole <= kExact) return this.putWord(space, word, whole);
    const exact = BigInt(old) + BigInt(value - part) * BigInt(unit);
    this.putWord(space, word, exact.toString(16));
  }

  // What the step's pages, entries and areas were before it.
  takeOld(step) {
    const {story, spaces} = this, {pages, entries, areas} = story;
    for (let row = pages.first[step]; row < pages.first[step + 1]; ++row)
      story.oldPages[row] = Int16Array.from({length: pages.run[row]},
        (_, i) => spaces[pages.space[row]].pages.get(pages.at[row] + i) ?? -1);
    for (let row = entries.first[step]; row < entries.first[step + 1]; ++row)
      story.oldEntries[row] = Float64Array.from({length: entries.run[row]},
        (_, i) => spaces[entries.space[row]].entries.get(story.entryKey(row, i)) ?? -1);
    for (let row = areas.first[step]; row < areas.first[step + 1]; ++row)
      story.oldAreas[row] = spaces[areas.space[row]].areas.get(areas.at[row]);
  }
}
