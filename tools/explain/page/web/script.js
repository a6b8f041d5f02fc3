// Script: the lines of a run. A short one stands there whole and its lines wrap; of a long one only those
// lines exist that can be seen, all of one height.
const kShortScript = 1500, kLineHeight = 26, kSpareLines = 6;

class ScriptPanel {
  constructor(view, element) {
    this.view = view;
    this.element = element;
    this.items = new Map();  // of the lines that exist
    this.stepOf = new Map();
    const {story} = view;
    for (let i = story.length; i-- > 0;) this.stepOf.set(story.steps.line[i], i + 1);
    this.lines = story.run.source;
    this.first = story.run.first_line;
    this.count = Math.max(0, this.lines.length - this.first + 1);
    this.whole = this.count <= kShortScript;
    this.scrolled = this.height = 0;
    element.addEventListener('scroll', () => { this.scrolled = element.scrollTop; this.fill(); }, {passive: true});
    if (this.whole) for (let i = 0; i < this.count; ++i) element.append(this.itemOf(i));
    else this.makeRoom();
  }
  makeRoom() {
    this.element.classList.add('long');
    this.element.append(make('li', {class: 'room', 'aria-hidden': 'true', style: `height:${this.count * kLineHeight}px`}));
  }
  // Asks the browser for sizes, which steps do not.
  measure() {
    const {element} = this;
    this.height = element.clientHeight;
    this.scrolled = element.scrollTop;
    this.tops = this.whole ? [...this.items.values()].map(item => item.offsetTop - element.offsetTop) : null;
    this.fill();
  }
  topOf(i) { return this.tops ? this.tops[i] : i * kLineHeight; }

  fill() {
    if (this.whole) return;
    const from = Math.max(0, Math.floor(this.scrolled / kLineHeight) - kSpareLines);
    const to = Math.min(this.count, from + Math.ceil(this.height / kLineHeight) + 2 * kSpareLines);
    for (const [i, item] of this.items) if (i < from || i >= to) { item.remove(); this.items.delete(i); }
    for (let i = from; i < to; ++i) if (!this.items.has(i)) this.element.append(this.itemOf(i));
  }
  itemOf(i) {
    const item = this.item(this.first + i);
    this.items.set(i, item);
    if (!this.whole) item.style.top = i * kLineHeight + 'px';
    if (i === this.now) item.setAttribute('aria-current', 'step');
    return item;
  }
  item(line) {
    const text = this.lines[line - 1], step = this.stepOf.get(line), cost = this.costOf(step);
    const hash = text.indexOf('#'), code = hash < 0 ? text : text.slice(0, hash);
    const quiet = step === undefined ? ' quiet' : '';
    return make('li', {class: 'line' + quiet, 'data-line': line}, make('button', {type: 'button', class: 'row',
      disabled: step === undefined, onclick: () => this.view.page.goTo(step)},
      make('span', {class: 'no', textContent: line}), make('code', {}, code,
        hash < 0 ? null : make('span', {class: 'comment', textContent: text.slice(hash)})),
      cost ? make('span', {class: 'badge', textContent: grouped(cost), title: plural(cost, 'fault')}) : null));
  }
  costOf(step) {
    const {steps} = this.view.story;
    return step === undefined ? 0 : steps.minor[step - 1] + steps.major[step - 1];
  }

  // The line of the step, in sight. A line that is in sight already stays where it is.
  update() {
    const before = this.items.get(this.now);
    if (before) before.removeAttribute('aria-current');
    this.now = this.view.story.lineOf(this.view.position) - this.first;
    const now = this.items.get(this.now);
    if (now) now.setAttribute('aria-current', 'step');
    if (this.now < 0 || this.now >= this.count) return;
    const top = this.topOf(this.now);
    if (top >= this.scrolled + 30 && top <= this.scrolled + this.height - 60) return;
    const most = this.topOf(this.count - 1) + kLineHeight - this.height;
    this.wanted = Math.max(0, Math.min(top - this.height / 2, Math.max(0, most)));
  }
  // Once all else of a step stands: to scroll makes the browser lay the page out.
  scroll() {
    if (this.wanted === undefined) return;
    this.scrolled = this.wanted;
    this.wanted = undefined;
    this.fill();
    this.element.scrollTop = this.scrolled;
  }
}
