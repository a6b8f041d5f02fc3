// View: one run on the screen.

// What a panel once filled stays its own, up to so many pixels, while it has that width: what lies below
// stands still from step to step, and the browser need not paint all of it anew.
const kMostRoom = 400;
class Room {
  constructor(element) {
    this.element = element;
    this.kept = this.width = 0;
    new ResizeObserver(([{contentRect: {width, height}}]) => { this.seen = {width, height}; }).observe(element);
  }
  keep() {
    if (!this.seen) return;
    const {width, height} = this.seen, room = width === this.width ? Math.min(Math.ceil(height), kMostRoom) : 0;
    if (width === this.width && room <= this.kept) return;
    this.width = width;
    this.kept = room;
    this.element.style.minHeight = room + 'px';
  }
}

// The panels below the map: drawn with a step where they can be seen, else after a pause of so many
// milliseconds.
const kLowerPanels = {how: drawHow, tries: drawTries, byte: drawByte, lists: drawLists}, kPause = 200;

class View {
  constructor(page, run) {
    this.page = page;
    this.story = new Story(run);
    this.pageSize = 2 ** run.geometry.page_shift;
    this.asked = '';  // which operation was tried
    this.pinned = null;  // the byte that was clicked; without one the first fault's is shown
    this.selectedChunk = 0;
    this.position = -1;
    this.regionViews = new Map();
    this.build();
  }
  // Instead of the step, while there is none.
  say(text) { this.panel.did.replaceChildren(make('p', {class: 'soft', role: 'status', textContent: text})); }

  build() {
    const {run} = this.story, panel = this.panel = {};
    const section = (name, title, hint) => {
      panel[name] = make('div', {class: name});
      const head = title ? make('h2', {}, title, hint ? make('span', {class: 'soft hint', textContent: hint}) : null) : null;
      return make('section', {'aria-label': title || name, class: 'panel ' + name + '-panel', 'data-panel': name}, head, panel[name]);
    };
    const lines = make('ol', {class: 'lines', tabindex: 0, 'aria-label': 'the script'});
    const intro = run.paragraphs.map(text => make('p', {textContent: text}));
    const look = (run.look || []).map(text => make('li', {textContent: text}));
    this.element = make('article', {class: 'view'},
      make('header', {class: 'about'}, make('h2', {textContent: run.title || run.name}),
        make('p', {class: 'soft where', textContent: `${run.title ? run.name + ' · ' : ''}simulated ${run.machine}${run.difference ? `, ${run.difference}` : ''} · ${plural(this.story.length, 'step')}, ${plural(this.story.total, 'page fault')}`}),
        intro.length ? make('details', {open: this.page.data.kind !== 'pair', class: 'text'}, make('summary', {textContent: 'About'}), ...intro) : null,
        look.length ? make('div', {class: 'look'}, make('h3', {textContent: 'What to look at'}), make('ul', {}, ...look)) : null),
      make('div', {class: 'columns'},
        make('section', {class: 'panel script-panel', 'aria-label': 'script'}, make('h2', {textContent: 'Script'}), lines),
        make('div', {class: 'state'}, section('did'), this.mapSection(section('map', 'Memory')), section('how'), section('tries', 'What if', ' it is not done'),
          section('byte', 'Byte', ' its chunk and the way to its frame'), section('lists', 'Lists of free chunks', ' first to be handed out on the left'))));
    panel.did.setAttribute('aria-live', 'polite');
    this.script = new ScriptPanel(this, lines);
    this.listRows = new Map();
    this.listGroups = new Map();
    this.watch();
  }

  mapSection(section) {
    this.spacePick = make('div', {class: 'choice', role: 'group', 'aria-label': 'process'});
    this.legend = make('div', {class: 'legend'});
    section.querySelector('h2').append(this.spacePick);
    section.append(this.legend);
    return section;
  }

  // Once it stands in the page, and when the page gets another size. True: its width is another one.
  measure() {
    const {width} = this;
    this.width = this.panel.map.clientWidth || 600;
    this.script.measure();
    return this.width !== width;
  }

  get colours() { return this.page.colours; }

  show(position) {
    const {story} = this, at = Math.min(position, story.length);
    story.goTo(at);
    if (this.position !== at) { this.space = story.spaceOf(at); }
    this.position = at;
    const faults = at ? story.faultsOf(at) : [], stores = at ? story.storesOf(at) : [];
    const touched = [...faults.map(fault => fault.at), ...stores.slice(0, 40).map(store => store.at)];
    if (at && story.steps.address[at - 1]) touched.push(story.steps.address[at - 1]);
    this.step = {faults, stores, touched};
    this.heap = new Heap(story, this.space);
    this.findChunk();
    this.draw();
  }
  draw() {
    for (const room of this.rooms) room.keep();
    this.script.update();
    drawDid(this);
    this.drawMap();
    this.stale = new Set(Object.keys(kLowerPanels));
    for (const name of this.near) this.drawLower(name);
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.drawRest(), kPause);
  }
  drawLower(name) {
    if (this.stale.delete(name)) kLowerPanels[name](this);
  }
  drawRest() { for (const name of this.stale) this.drawLower(name); }
  // Which of them are in the window or close to it.
  watch() {
    this.near = new Set(Object.keys(kLowerPanels));
    const observer = new IntersectionObserver(entries => {
      for (const {target, isIntersecting} of entries) {
        const name = target.dataset.panel;
        if (!isIntersecting) this.near.delete(name);
        else if (this.near.add(name) && this.stale) this.drawLower(name);
      }
    }, {rootMargin: '200px'});
    for (const name of Object.keys(kLowerPanels)) observer.observe(this.panel[name].parentElement);
    this.rooms = ['did', 'how'].map(name => new Room(this.panel[name]));
  }

  drawMap() {
    const {story} = this, all = regionsOf(story, this.heap, this.space, this.step.touched);
    const wanted = all.filter(region => region.hit || region.title === 'heap' || all.length <= 8).slice(0, 8);
    const elements = wanted.map(region => {
      if (!this.regionViews.has(region.start)) this.regionViews.set(region.start, new RegionView(this, region.start));
      return this.regionViews.get(region.start).element;
    });
    const same = elements.length === this.panel.map.children.length && elements.every((e, i) => e === this.panel.map.children[i]);
    if (!same) this.panel.map.replaceChildren(...elements);
    if (!wanted.length) this.panel.map.replaceChildren(make('p', {class: 'soft', textContent: 'This process has mapped nothing yet but its own code and stack.'}));
    for (const region of wanted) this.regionViews.get(region.start).update(region, this.step);
    this.drawLegend(wanted);
    this.drawSpaces();
  }
  drawLegend(regions) {
    const chunks = regions.some(region => region.chunks.length), key = (name, states) => make('span', {title: states[1]}, swatch(name), states[0]);
    if (this.legendOf === chunks) return;
    this.legendOf = chunks;
    const items = [];
    if (chunks) items.push(make('b', {textContent: 'Chunks'}), ...['inuse', 'tcache', 'fast', 'unsorted', 'small', 'large', 'top'].map(state => key('c-' + state, kChunkStates[state])),
      make('span', {title: 'prev_size and size, 16 bytes'}, make('i', {class: 'swatch header'}), 'header'));
    items.push(make('b', {textContent: 'Pages'}), ...this.statesSeen().map(state => key('p-' + state.replaceAll('_', '-'), kPageStates[state])));
    items.push(make('b', {textContent: 'This step'}), make('span', {}, make('i', {class: 'wedge'}), 'page fault'));
    if (this.story.stores.rows) items.push(make('span', {}, make('i', {class: 'tick'}), 'store'));
    this.legend.replaceChildren(...items);
  }
  statesSeen() {
    const seen = new Set(['absent', 'zero', 'anon']);
    for (const state of new Set(this.story.pages.state)) if (state >= 0) seen.add(this.story.run.texts[state]);
    return [...seen].filter(state => kPageStates[state]);
  }
  drawSpaces() {
    const alive = this.story.run.tasks.filter(task => !task.thread && this.story.spaces[task.space].areas.size);
    this.spacePick.hidden = alive.length < 2;
    this.spacePick.replaceChildren(...alive.map(task => make('button', {type: 'button', textContent: task.name,
      'aria-pressed': String(task.space === this.space), onclick: () => { this.space = task.space; this.heap = new Heap(this.story, this.space); this.findChunk(); this.draw(); }})));
  }

  get selected() {
    return this.pinned !== null ? this.pinned : this.step.faults.length ? this.step.faults[0].at : null;
  }
  select(at) {
    this.pinned = at;
    this.findChunk();
    this.draw();
    this.drawRest();
  }
  findChunk() {
    const at = this.selected;
    this.selectedChunk = 0;
    if (at === null) return;
    const inside = this.heap.segmentOf(at);
    if (inside) { this.selectedChunk = this.heap.chunkAt(inside, at); return; }
    const area = this.story.areaList(this.space).find(area => area.start <= at && at < area.end && area.prot.startsWith('rw') && !area.name);
    const mapped = area && this.heap.mapped(area);
    if (mapped && mapped.starts.length) this.selectedChunk = this.heap.chunkAt(mapped, at);
  }
}
