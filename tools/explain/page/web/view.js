// View: one run on the screen.
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
      return make('section', {'aria-label': title || name, class: 'panel ' + name + '-panel'}, head, panel[name]);
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
  }

  mapSection(section) {
    this.spacePick = make('div', {class: 'choice', role: 'group', 'aria-label': 'process'});
    this.legend = make('div', {class: 'legend'});
    section.querySelector('h2').append(this.spacePick);
    section.append(this.legend);
    return section;
  }

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
    this.script.update();
    drawDid(this);
    this.drawMap();
    drawHow(this);
    drawTries(this);
    drawByte(this);
    drawLists(this);
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
    const items = [];
    if (chunks) items.push(make('b', {textContent: 'Chunks'}), ...['inuse', 'tcache', 'fast', 'unsorted', 'small', 'large', 'top'].map(state => key('c-' + state, kChunkStates[state])),
      make('span', {title: 'prev_size and size, 16 bytes'}, make('i', {class: 'swatch header'}), 'header'));
    items.push(make('b', {textContent: 'Pages'}), ...this.statesSeen().map(state => key('p-' + state.replaceAll('_', '-'), kPageStates[state])));
    items.push(make('b', {textContent: 'This step'}), make('span', {}, make('i', {class: 'wedge'}), 'page fault'));
    if (this.story.stores.rows) items.push(make('span', {}, make('i', {class: 'tick'}), 'store'));
    if (this.legend.textContent !== items.map(item => item.textContent).join('')) this.legend.replaceChildren(...items);
  }
  statesSeen() {
    const seen = new Set(['absent', 'zero', 'anon']);
    for (const state of new Set(this.story.pages.state)) if (state >= 0) seen.add(this.story.run.texts[state]);
    this.statesSeen = () => [...seen].filter(state => kPageStates[state]);
    return this.statesSeen();
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
