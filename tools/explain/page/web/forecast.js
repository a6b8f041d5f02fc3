// Forecasts: a number of a step is what an earlier one, or memory, foretells, and the difference that
// the page's data has. The sums are those of explain/page/forecast.cc, rule by rule.
const kLast = 0, kOld = 1, kNumber = 2, kNextChunk = 3, kChunkSize = 4, kWord = 5, kLink = 6, kMadeLink = 7, kMadeOfWord = 8,
  kMet = 9, kEntry = 10, kBin = 11;
const kExact = 2 ** 52;

// Exclusive or, beyond 32 bits.
function xor(a, b) {
  return ((a / 4294967296 ^ b / 4294967296) >>> 0) * 4294967296 + ((a ^ b) >>> 0);
}
const mangled = (at, link) => xor(link, Math.floor(at / 4096));

// What is seen while a step is told: its numbers, the words of before it, and of a value where it is stored.
class Sight {
  // `values`: by slot, as they are before the step.
  constructor(values) { this.values = values; }
  begin(slots, numbers) {
    this.slots = slots;
    this.numbers = numbers;
    this.own = this.bytes = 0;
  }
  // null: not there, or no exact number.
  other(back) {
    const place = this.here - back, number = place < 0 || place >= this.numbers.length ? null : this.numbers[place];
    return number !== null && number >= 0 && number <= kExact ? number : null;
  }
  word(at) {
    if (at < 4096) return null;
    const slot = this.slots.get(at - at % 8), value = slot < 0 ? 0 : this.values[slot];
    return typeof value === 'number' && value > 0 ? value : null;
  }
  old() {
    if (!this.bytes) return null;
    const whole = this.word(this.own);
    return whole === null || this.bytes === 8 ? whole : Math.floor(whole / 256 ** (this.own % 8)) % 256 ** this.bytes;
  }
}

class Forecast {
  constructor(rules, rest) {
    this.rules = rules;
    this.rest = rest;
    this.row = this.next = this.kind = this.offset = this.back = this.added = this.last = 0;
    this.met = null;
    this.from = rules.length ? rules[0][0] : Infinity;
  }
  change() {
    const [, kind, offset, back, added] = this.rules[this.next++];
    if (kind !== this.kind || offset !== this.offset || back !== this.back) this.met = new Map();
    [this.kind, this.offset, this.back, this.added] = [kind, offset, back, added];
    this.from = this.next < this.rules.length ? this.rules[this.next][0] : Infinity;
  }
  tell(sight) {
    if (this.row === this.from) this.change();
    const seen = this.seen(sight), rest = this.rest === 0 ? 0 : this.rest[this.row];
    const number = typeof rest === 'string' ? Number(rest) : rest + (seen === null ? this.last : seen + this.added);
    ++this.row;
    this.last = number >= -kExact && number <= kExact ? number : 0;
    if (this.kind === kMet) {
      const other = sight.other(this.back);
      if (other !== null) this.met.set(other, this.last);
    }
    return number;
  }
  seen(sight) {
    const {kind, offset} = this;
    if (kind === kLast) return this.last;
    if (kind === kOld) return sight.old();
    const other = sight.other(this.back);
    if (other === null || ((kind === kMadeLink || kind === kMadeOfWord) && !sight.bytes)) return null;
    if (kind === kNumber) return other;
    if (kind === kMet) return this.met.get(other) ?? null;
    if (kind === kChunkSize) return Math.max(32, other + 23 - (other + 23) % 16);
    if (kind === kMadeLink) return mangled(sight.own, other);
    if (kind === kNextChunk) {
      const size = sight.other(this.back - 1);
      return size === null ? null : other + size;
    }
    if (kind === kEntry || kind === kBin) return sight.word(offset + other * (kind === kBin ? 16 : 8));
    const value = sight.word(other + offset);
    if (value === null || kind === kWord) return value;
    return mangled(kind === kLink ? other + offset : sight.own, value);
  }
}
