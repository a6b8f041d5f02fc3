// Names: which address each name of the script stands for at the step where a story stands.
const kMostPatches = 64;

class Names {
  constructor(run, steps) {
    this.run = run;
    this.steps = steps;
    this.endedAt = new Float64Array(steps.rows);
    this.boundBefore = new Float64Array(steps.rows);
    this.latest = new Float64Array(run.names.length);  // of the steps taken
    this.labels = new Map();
    this.sorted = [];
    this.changed = [];
  }

  // What a step bound and ended, once for each in order.
  take(step) {
    const address = this.steps.address[step], name = this.steps.name[step], ended = this.steps.ended[step];
    if (ended >= 0) this.endedAt[step] = this.latest[ended];
    if (name < 0 || !address) return;
    this.boundBefore[step] = this.latest[name];
    this.latest[name] = address;
  }
  redo(step) {
    const address = this.steps.address[step], name = this.steps.name[step];
    if (this.endedAt[step]) this.forget(this.endedAt[step]);
    if (name >= 0 && address) this.call(address, name);
  }
  undo(step) {
    const address = this.steps.address[step], name = this.steps.name[step];
    if (name >= 0 && address) {
      this.forget(address);
      if (this.boundBefore[step]) this.call(this.boundBefore[step], name);
    }
    if (this.endedAt[step]) this.call(this.endedAt[step], this.steps.ended[step]);
  }
  call(address, name) {
    this.labels.set(address, name);
    this.changed.push(address);
  }
  forget(address) {
    this.labels.delete(address);
    this.changed.push(address);
  }

  label(address) {
    const name = this.labels.get(address);
    return name === undefined ? '' : this.run.names[name];
  }
  // The addresses that names stand for, in order.
  get addresses() {
    if (this.changed.length > kMostPatches)
      this.sorted = [...Float64Array.from(this.labels.keys()).filter(at => this.label(at)).sort()];
    else for (const at of this.changed) this.patch(at);
    this.changed.length = 0;
    return this.sorted;
  }
  patch(at) {
    const i = firstFrom(this.sorted, at), there = this.sorted[i] === at, wanted = this.label(at) !== '';
    if (there !== wanted) this.sorted.splice(i, there ? 1 : 0, ...wanted ? [at] : []);
  }
  // Those in [from, to), at most so many.
  within(from, to, most) {
    const {addresses} = this, first = firstFrom(addresses, from);
    return addresses.slice(first, Math.min(first + most, firstFrom(addresses, to)));
  }

  // The name nearest to a byte of those that lie near, and its address; null: there is none. The block
  // that the step ended still has its name.
  near(at, step) {
    const {addresses} = this, above = firstFrom(addresses, at + 1);
    const candidates = addresses.slice(Math.max(0, above - 1), above + 1).map(start => [start, this.labels.get(start)]);
    if (step >= 0 && this.endedAt[step]) candidates.push([this.endedAt[step], this.steps.ended[step]]);
    let best = null;
    for (const [start, name] of candidates) {
      if (!this.run.names[name] || start - 16 > at || at - start >= 16384) continue;
      if (best === null || Math.abs(at - start) < Math.abs(at - best.start)) best = {start, label: this.run.names[name]};
    }
    return best;
  }
}

// Of numbers in order the index of the first that is not below `at`.
function firstFrom(numbers, at) {
  let low = 0, high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < at) low = middle + 1; else high = middle;
  }
  return low;
}
