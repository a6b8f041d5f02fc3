// Deeds: what each step decided and stored, told from forecasts. The order of telling is that of
// explain/page/deeds.cc.
const kPlain = 0, kValued = 1, kFolded = 2, kLoadThatFaulted = 3;
const kAt = 0, kBytes = 1, kTimes = 2, kApart = 3, kFaults = 4, kValue = 5, kReturned = 6, kName = 3, kText = 6, kMostSince = 30;

// What the words of a line let expect; the rules are those of explain/page/line_words.cc.
function readLine(text, names) {
  const line = {amount: 0, result: -1, operand: -1, ended: -1};
  let ends = false;
  for (const part of text.split('#', 1)[0].match(/\w+|=/g) || []) {
    if (part === '=') {
      if (line.result < 0) line.result = line.operand;
      continue;
    }
    ends = ends || part === 'free' || part === 'munmap' || part === 'realloc';
    line.operand = names.get(part) ?? line.operand;
    const number = part.match(/^(\d{1,9})([KMG]?)$/);
    const factor = number === null ? 0 : Number(number[1]) * 1024 ** ' KMG'.indexOf(number[2] || ' ');
    if (factor === 0) continue;
    if (line.amount === 0) line.amount = factor;
    else if (line.amount <= Math.floor(kExact / factor)) line.amount *= factor;
  }
  if (ends && line.operand !== line.result) line.ended = line.operand;
  return line;
}

const packed = (decision, since, item, argument) => ((decision * 32 + since) * 16384 + item) * 16 + argument;

class Deeds {
  constructor(story, values) {
    const {deeds, names} = story.run, {keys, rules, rest} = deeds.forecasts;
    this.story = story;
    this.kinds = deeds.kinds.map(kind => typeof kind !== 'string' ? kind
      : {words: kind, letters: [...new Set([...kind.matchAll(/\{(\w)\}/g)].map(([, letter]) => letter))]});
    this.shapes = deeds.shapes;
    this.shape = deeds.shape;
    this.forecasts = new Map(keys.map((key, i) => [packed(...key), new Forecast(rules[i], rest[i])]));
    this.compiled = [];
    this.names = new Map();
    names.forEach((name, i) => { if (!this.names.has(name)) this.names.set(name, i); });
    this.bound = new Float64Array(names.length);
    this.labels = new Map();
    this.sight = new Sight(values);
    this.stores = {first: new Uint32Array(story.length + 1), rows: 0, at: [], bytes: [], run: [], step: [], writer: [], faults: []};
    this.notes = {first: new Uint32Array(story.length + 1), kind: [], begin: [], value: [], label: [], text: []};
  }

  // The items of a shape, each with the forecasts of its numbers.
  items(shape) {
    if (this.compiled[shape]) return this.compiled[shape];
    let decision = 0, since = 0;
    const forecast = (item, argument) => this.forecasts.get(packed(decision, Math.min(since, kMostSince), item, argument));
    const items = this.shapes[shape].map(index => {
      const kind = this.kinds[index], item = index + 1, of = argument => forecast(item, argument);
      if (kind.words !== undefined) {
        since = 0;
        const places = kind.letters.map(letter => {
          const argument = 'abc'.indexOf(letter.toLowerCase());
          return {tell: of(argument), name: letter < 'a' ? of(argument + kName) : null, text: of(argument + kText)};
        });
        decision = item;
        return {note: index, places};
      }
      const [writer, bytes, faults, form] = kind;
      const made = {form, writer, bytes, faults, at: of(kAt), value: of(kValue),
        more: form === kFolded ? [kBytes, kTimes, kApart, kFaults].map(of) : form === kPlain ? [of(kBytes)] : []};
      if (form === kPlain || form === kValued) ++since;
      return made;
    });
    since = 0;
    return this.compiled[shape] = {items, returned: forecast(0, kReturned)};
  }

  tell(forecast, here) {
    this.sight.here = here;
    return forecast.tell(this.sight);
  }
  next(forecast) {
    const number = this.tell(forecast, this.numbers.length);
    this.numbers.push(number);
    return number;
  }

  // Adds the step's stores and notes. Returns its address, the names it bound and ended, and what its
  // stores left: [address, bytes, value],...
  take(step, space, task) {
    const {story} = this, line = readLine(story.run.source[story.steps.line[step] - 1] || '', this.names);
    const {items, returned} = this.items(this.shape[step]);
    this.numbers = [line.amount, line.operand < 0 ? 0 : this.bound[line.operand]];
    this.sight.begin(space.slots, this.numbers);
    this.values = [];
    this.places = [];
    this.fresh = true;  // no line to join a store to
    for (const item of items) if (item.note === undefined) this.takeStore(item); else this.takeNote(item);
    const address = this.next(returned);
    const name = unless(line.result, story.steps.name[step]), ended = unless(line.ended, story.steps.ended[step]);
    const left = this.takeValues();
    this.bind(address, name, ended);
    this.stores.rows = this.stores.at.length;
    this.stores.first[step + 1] = this.stores.rows;
    this.notes.first[step + 1] = this.notes.kind.length;
    return {address, name, ended, left};
  }

  takeNote({note, places}) {
    const {notes} = this;
    notes.kind.push(note);
    notes.begin.push(notes.value.length);
    for (const place of places) {
      if (place.name) this.places.push({place, here: this.numbers.length, row: notes.value.length});
      notes.value.push(this.next(place.tell));
      notes.label.push(-1);
      notes.text.push(-1);
    }
  }

  takeStore({form, writer, bytes, faults, at, value, more}) {
    if (form === kLoadThatFaulted) { this.fresh = true; return; }
    const here = this.numbers.length, place = this.next(at), told = more.map(forecast => this.next(forecast));
    if (form === kFolded) return this.addLine(place, told[0], told[1], told[2], writer, told[3]);
    if (form === kValued) this.values.push({value, here, bytes});
    this.join(place, form === kValued ? bytes : told[0], writer, faults);
  }
  addLine(at, bytes, run, step, writer, faults) {
    const {stores} = this;
    stores.at.push(at);
    stores.bytes.push(bytes);
    stores.run.push(run);
    stores.step.push(step);
    stores.writer.push(writer);
    stores.faults.push(faults);
    this.fresh = false;
  }
  // Neighbours of one kind share a line, as in the receipt of explain/step.cc.
  join(at, bytes, writer, faults) {
    const {stores} = this, last = stores.at.length - 1;
    if (this.fresh || stores.writer[last] !== writer || stores.bytes[last] !== bytes) return this.addLine(at, bytes, 1, 0, writer, faults);
    const apart = at - (stores.at[last] + stores.step[last] * (stores.run[last] - 1));
    if (stores.run[last] > 1 ? apart !== stores.step[last] : apart !== bytes && bytes !== 1) return this.addLine(at, bytes, 1, 0, writer, faults);
    stores.step[last] = apart;
    ++stores.run[last];
    stores.faults[last] += faults;
  }

  takeValues() {
    const told = new Set(), left = [];
    for (let i = this.values.length; i-- > 0;) {
      const {value, here, bytes} = this.values[i], at = this.numbers[here];
      if (told.has(at)) continue;
      told.add(at);
      this.sight.own = at;
      this.sight.bytes = bytes;
      const number = this.tell(value, here + 1);
      left.push([at, bytes, number < 0 ? this.story.run.texts[-1 - number] : number]);
    }
    this.sight.own = this.sight.bytes = 0;
    return left;
  }

  bind(address, name, ended) {
    const binds = name >= 0 && address !== 0;
    if (binds) this.labels.set(address, name);
    for (const {place, here, row} of this.places) this.takeName(place, here, row);
    if (ended >= 0) this.labels.delete(this.bound[ended]);
    if (!binds) return;
    this.labels.set(address, name);
    this.bound[name] = address;
  }
  takeName(place, here, row) {
    const at = this.numbers[here], {heap} = this.story.run;
    this.notes.label[row] = unless(this.labels.get(at + 16) ?? -1, this.tell(place.name, here + 1));
    if (at < heap || at - heap >= 2 ** 40) this.notes.text[row] = this.tell(place.text, here + 1);
  }
}

// A name told as 0 is the expected one; else 1 is none.
function unless(expected, told) { return told === 0 ? expected : told - 2; }
