// Slots: a number for each word of an address space that was ever changed, by the word's address.
const kWordsOfPart = 512, kBytesOfPart = 8 * kWordsOfPart;

class Slots {
  constructor() {
    this.parts = new Map();
    this.at = -1;  // the part looked at last; most words lie beside the one before
  }
  find(at) {
    const part = Math.floor(at / kBytesOfPart);
    if (part !== this.at) {
      this.at = part;
      this.part = this.parts.get(part);
    }
    return (at - part * kBytesOfPart) / 8;
  }
  // -1: none.
  get(at) {
    const i = this.find(at);
    return this.part === undefined ? -1 : (this.part[i] ?? 0) - 1;
  }
  has(at) { return this.get(at) >= 0; }
  set(at, slot) {
    const i = this.find(at);
    if (this.part === undefined) this.parts.set(this.at, this.part = new Uint32Array(kWordsOfPart));
    this.part[i] = slot + 1;
  }
}
