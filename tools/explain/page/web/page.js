// Page: the timeline, the keys, the search and the address of a step, for one run, two, or a course.
const kTimelinePad = 8;
const byId = id => document.getElementById(id);

class Page {
  constructor(data) {
    this.data = data;
    this.views = [];
    this.position = 0;
    byId('first').onclick = () => this.goTo(0);
    byId('back').onclick = () => this.goTo(this.position - 1);
    byId('forward').onclick = () => this.goTo(this.position + 1);
    byId('last').onclick = () => this.goTo(this.length);
    byId('fault-back').onclick = () => this.toFault(-1);
    byId('fault').onclick = () => this.toFault(1);
    byId('scrub').oninput = event => this.goTo(Number(event.target.value));
    byId('search').onkeydown = event => { if (event.key === 'Enter') this.search(event.shiftKey ? -1 : 1); };
    byId('search-go').onclick = () => this.search(1);
    addEventListener('keydown', event => this.key(event));
    addEventListener('hashchange', () => this.readHash());
    this.watchSizes();
    addEventListener('beforeprint', () => this.views.forEach(view => view.drawRest()));
    for (const query of ['(prefers-color-scheme: dark)', 'print'])
      matchMedia(query).addEventListener('change', () => { if (this.ready) { this.measure(); this.redraw(); } });
    this.touch();
    if (data.kind === 'course') this.buildContents();
  }

  // Which runs are on the screen, and how many steps the longest has. False: another one was opened
  // meanwhile.
  async open(indexes) {
    const key = indexes.join();
    if (this.opened === key) return this.opening;
    this.opened = key;
    for (const view of this.views) view.story.abandoned = true;
    this.views = indexes.map(i => new View(this, this.data.runs[i]));
    this.length = Math.max(...this.views.map(view => view.story.length));
    byId('scrub').max = this.length;
    byId('views').className = this.views.length > 1 ? 'two' : '';
    byId('views').replaceChildren(...this.views.map(view => view.element));
    document.title = 'Faultline: ' + this.views.map(view => view.story.run.title || view.story.run.name).join(' / ');
    this.position = -1;
    this.ready = false;
    this.opening = this.unpack(this.views, key);
    return this.opening;
  }
  async unpack(views, key) {
    for (const view of views) view.say('Unpacking …');
    await new Promise(resolve => setTimeout(resolve));
    if (this.opened !== key) return false;
    for (const view of views) view.story.unpack();
    this.measure();
    this.drawTimeline();
    this.ready = true;
    return true;
  }
  watchSizes() {
    let before = '';
    const changed = () => {
      const size = `${byId('views').clientWidth} ${innerHeight} ${devicePixelRatio}`;
      if (size === before || !this.ready) return;
      before = size;
      requestAnimationFrame(() => { if (this.measure()) this.redraw(); });
    };
    new ResizeObserver(changed).observe(byId('views'));
    addEventListener('resize', changed);
  }
  // Widths and colours, which steps do not ask the browser for. True: they are not what they were.
  measure() {
    const before = `${this.width} ${devicePixelRatio}`;
    this.width = byId('timeline').clientWidth;
    this.colours = new Palette();
    const views = this.views.map(view => view.measure());
    return views.includes(true) || before !== `${this.width} ${devicePixelRatio}`;
  }
  // All steps of the runs on the screen up to there.
  async until(position) {
    const {opened} = this;
    await Promise.all(this.views.map(view => view.story.until(position)));
    return this.opened === opened;
  }
  async goToOnceReady(to, quiet) {
    byId('count').textContent = 'unpacking …';
    if (await this.until(to) && this.wanted === to) this.goTo(to, quiet);
  }
  goTo(position, quiet) {
    if (!this.ready) return undefined;
    const to = this.wanted = Math.max(0, Math.min(position, this.length));
    if (this.views.some(({story}) => story.ready < Math.min(to, story.length))) return this.goToOnceReady(to, quiet);
    if (to === this.position) return undefined;
    this.position = to;
    for (const view of this.views) view.show(to);
    byId('scrub').value = to;
    byId('scrub').setAttribute('aria-valuetext', `step ${to} of ${this.length}: ${this.views[0].story.textOf(to)}`);
    byId('count').textContent = `${grouped(to)} / ${grouped(this.length)}`;
    byId('first').disabled = byId('back').disabled = to === 0;
    byId('last').disabled = byId('forward').disabled = to === this.length;
    byId('here').style.transform = `translateX(${this.timelineX(to)}px)`;
    for (const view of this.views) view.script.scroll();
    clearTimeout(this.address);
    if (!quiet) this.address = setTimeout(() => this.writeHash(), kPause);
    return undefined;
  }
  // After a pause, since browsers slow down pages that do it often.
  writeHash() {
    history.replaceState(null, '', '#' + (this.lesson ? `lesson=${this.lesson}&` : '') + `step=${this.position}`);
  }
  redraw() {
    if (!this.ready) return;
    for (const view of this.views) { view.draw(); view.drawRest(); }
    this.drawTimeline();
    byId('here').style.transform = `translateX(${this.timelineX(this.position)}px)`;
    for (const view of this.views) view.script.scroll();
  }

  // #step=12, #lesson=first-write&step=2; a step may also be a line: #line=14.
  async readHash() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (this.data.kind === 'course') {
      const name = wanted.get('lesson');
      const index = Math.max(0, this.data.runs.findIndex(run => run.name === 'lesson/' + name || run.name === name));
      this.lesson = this.data.runs[index].name.replace('lesson/', '');
      this.markLesson();
      byId('contents').firstElementChild.open = !name && innerWidth > 760;
      if (!await this.open([index])) return;
    } else if (!await this.open(this.data.runs.map((_, i) => i))) {
      return;
    }
    const line = Number(wanted.get('line')), {story} = this.views[0];
    const byLine = line ? story.steps.line.indexOf(line) + 1 : 0;
    await this.goTo(Number(wanted.get('step')) || byLine || 0, true);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.tagName === 'INPUT' && event.target.type !== 'range';
    if (typing) { if (event.key === 'Escape') event.target.blur(); return; }
    const actions = {ArrowRight: () => this.goTo(this.position + 1), ArrowLeft: () => this.goTo(this.position - 1),
      PageDown: () => this.goTo(this.position + 10), PageUp: () => this.goTo(this.position - 10),
      Home: () => this.goTo(0), End: () => this.goTo(this.length), f: () => this.toFault(1), F: () => this.toFault(-1),
      '/': () => byId('search').focus(), n: () => this.search(1), N: () => this.search(-1),
      Escape: () => this.views.forEach(view => view.select(null))};
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
  // A swipe to the left is a step forward.
  touch() {
    let start = null;
    addEventListener('touchstart', event => {
      const {clientX, clientY, target} = event.changedTouches[0];
      start = target.closest('.scroll, input, pre') ? null : {x: clientX, y: clientY};
    }, {passive: true});
    addEventListener('touchend', event => {
      const {clientX, clientY} = event.changedTouches[0];
      if (!start || Math.abs(clientX - start.x) < 60 || Math.abs(clientY - start.y) > 40) return;
      this.goTo(this.position + (clientX < start.x ? 1 : -1));
    }, {passive: true});
  }

  costAt(position) {
    return Math.max(...this.views.map(({story}) => position <= story.length
      ? story.steps.minor[position - 1] + story.steps.major[position - 1] : 0));
  }
  toFault(by) {
    for (let at = this.position + by; at >= 1 && at <= this.length; at += by) if (this.costAt(at)) return this.goTo(at);
  }
  // The next step, from here on and then from the beginning, whose line, places or why has the words.
  async search(by) {
    const wanted = byId('search').value.trim().toLowerCase();
    if (!wanted || !this.ready) return undefined;
    if (this.views.some(({story}) => story.ready < story.length) && !await this.until(this.length)) return undefined;
    for (let i = 1; i <= this.length; ++i) {
      const at = (this.position - 1 + by * i + this.length * 2) % this.length + 1;
      if (this.views.some(view => at <= view.story.length && view.story.speaksOf(at, wanted))) {
        byId('found').textContent = '';
        return this.goTo(at);
      }
    }
    byId('found').textContent = 'not found';
    return undefined;
  }

  // The most faults of a step in each of so many parts of the timeline.
  costliest(bins) {
    const key = `${this.opened} ${bins}`;
    if (this.costsOf === key) return this.costs;
    const most = new Float64Array(bins + 1);
    for (const {story} of this.views) for (let i = 0; i < story.length; ++i) {
      const cost = story.steps.minor[i] + story.steps.major[i];
      const bin = Math.round((i + 1) / this.length * bins);
      if (cost > most[bin]) most[bin] = cost;
    }
    this.costsOf = key;
    return this.costs = most;
  }
  drawTimeline() {
    const {width, colours} = this, context = sized(byId('timeline'), width, 26, colours);
    const span = width - 2 * kTimelinePad, bins = Math.max(1, Math.floor(span / 2));
    context.fillStyle = colours.line;
    context.fillRect(kTimelinePad, 22, span, 2);
    const most = this.costliest(bins);
    context.fillStyle = colours.fault;
    for (let bin = 0; bin <= bins; ++bin) {
      const height = most[bin] ? Math.min(20, 6 + 3 * Math.log2(most[bin])) : 0;
      context.fillRect(kTimelinePad + bin / bins * span - 1.25, 22 - height, 2.5, height);
    }
  }
  timelineX(position) {
    return kTimelinePad + (this.length ? position / this.length : 0) * (this.width - 2 * kTimelinePad);
  }

  buildContents() {
    const items = this.data.runs.map(run => make('li', {}, make('a', {href: `#lesson=${run.name.replace('lesson/', '')}`, textContent: run.title || run.name})));
    byId('contents').hidden = byId('around').hidden = false;
    byId('contents-list').append(...items);
    document.body.classList.add('course');
  }
  markLesson() {
    [...byId('contents-list').children].forEach((item, i) => {
      const link = item.firstChild, now = this.data.runs[i].name.replace('lesson/', '') === this.lesson;
      if (now) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
    });
    const index = this.data.runs.findIndex(run => run.name.replace('lesson/', '') === this.lesson);
    const link = (to, text) => to ? make('a', {href: '#lesson=' + to.name.replace('lesson/', ''), textContent: text + to.title}) : make('span');
    byId('around').replaceChildren(link(this.data.runs[index - 1], '← '), link(this.data.runs[index + 1], 'Next lesson: '));
    byId('lesson-number').textContent = `Lesson ${index + 1} of ${this.data.runs.length}`;
  }
}

let page = null;
const ready = unpack(byId('data').textContent).then(data => {
  page = new Page(data);
  return page.readHash();
});
