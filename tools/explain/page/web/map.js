// The map: regions drawn to scale, chunks above the pages they lie in, and what the step did there.
const kRowHeight = 46, kBarHeight = 24, kStripHeight = 7, kMostRows = 12;

// Read while the page is built and when its colours change, all at once: a look into the style of a page
// that has just changed makes the browser lay it out.
class Palette {
  constructor() {
    const style = getComputedStyle(document.documentElement), of = name => style.getPropertyValue('--' + name).trim();
    for (const name of ['ink', 'soft', 'line', 'paper', 'card', 'accent', 'fault', 'header']) this[name] = of(name);
    this.onChunk = of('on-chunk');
    this.headerSoft = of('header-soft');
    this.chunks = new Map(Object.keys(kChunkStates).map(state => [state, of('c-' + state)]));
    this.pages = new Map(Object.keys(kPageStates).map(state => [state, of('p-' + state.replaceAll('_', '-'))]));
    this.font = '11px ' + of('mono');
    const context = document.createElement('canvas').getContext('2d');
    context.font = this.font;
    this.letter = context.measureText('0').width;
  }
  chunk(state) { return this.chunks.get(state); }
  page(state) { return this.pages.get(state); }
  // Its width in the canvas's font, in which all letters are equally wide.
  widthOf(text) { return text.length * this.letter; }
}

// Made ready to be drawn anew. To ask for its width, or to set the font again, would cost a layout.
function sized(canvas, width, height, colours) {
  const ratio = devicePixelRatio || 1, context = canvas.getContext('2d');
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + 'px';
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.textBaseline = 'middle';
    context.font = colours.font;
  }
  context.clearRect(0, 0, width, height);
  context.textAlign = 'left';
  return context;
}

// One region: its canvas, where its window stands, and what a click there means.
class RegionView {
  constructor(view, start) {
    this.view = view;
    this.start = start;
    this.top = 0;
    this.title = make('h3');
    this.range = make('span', {class: 'soft range'});
    this.canvas = make('canvas', {role: 'img', onclick: event => this.click(event)});
    this.overview = make('canvas', {class: 'overview', 'aria-hidden': 'true', onclick: event => this.jump(event)});
    const scroll = (by, text, label) => make('button', {type: 'button', 'aria-label': label, textContent: text,
      onclick: () => { this.top += by; this.held = true; this.draw(); }});
    this.pager = make('span', {class: 'pager'}, scroll(-8, '↑', 'rows above'), scroll(8, '↓', 'rows below'));
    this.element = make('figure', {class: 'region'},
      make('figcaption', {}, this.title, this.range, this.pager), this.overview, this.canvas);
    this.hits = [];
  }

  update(region, step) {
    this.region = region;
    this.step = step;
    this.rows = region.chunks.length ? new Rows(this.view.story, this.view.space, region) : null;
    this.title.textContent = region.title;
    this.range.textContent = `${bytesText(region.end - region.start)} from ${hex(region.start)}, ${region.prot}`;
    this.held = false;
    this.draw();
  }

  draw() {
    this.hits = [];
    if (this.rows) this.drawChunks(); else this.drawPages();
    this.canvas.setAttribute('aria-label', this.inWords());
  }
  inWords() {
    const {region} = this, chunks = region.chunks.reduce((n, s) => n + s.starts.length, 0);
    return `${region.title}: ${chunks ? plural(chunks, 'chunk') + ', ' : ''}` +
      plural(Math.ceil((region.end - region.start) / this.view.pageSize), 'page');
  }

  focusRow() {
    const inside = at => at >= this.region.start && at < this.region.end;
    const at = [this.view.selected, ...this.step.touched].find(at => at !== null && inside(at));
    return at === undefined ? -1 : this.rows.indexOf(at);
  }

  drawChunks() {
    const {rows} = this, count = rows.count, shown = Math.min(count, kMostRows), focus = this.focusRow();
    if (!this.held && focus >= 0 && (focus < this.top || focus >= this.top + shown)) this.top = focus - 3;
    this.top = Math.max(0, Math.min(this.top, count - shown));
    const many = count > shown;
    this.overview.hidden = this.pager.hidden = !many;
    if (many) this.drawOverview(shown);
    const {width} = this.view, context = sized(this.canvas, width, shown * kRowHeight + 4, this.view.colours);
    const narrow = width < 560;
    this.left = narrow ? 62 : 78;
    this.right = narrow ? 0 : 118;
    for (let i = 0; i < shown; ++i) this.drawRow(context, width, rows.row(this.top + i), i * kRowHeight + 8, narrow);
  }

  drawRow(context, width, row, y, narrow) {
    const {colours, story, space} = this.view, barWidth = width - this.left - this.right;
    const scale = barWidth / (row.to - row.from), x = at => this.left + (at - row.from) * scale;
    context.fillStyle = colours.soft;
    context.textAlign = 'right';
    context.fillText(row.from.toString(16), this.left - 7, y + kBarHeight / 2);
    context.textAlign = 'left';
    this.hits.push({row, y, x: this.left, width: barWidth, scale});
    for (const segment of this.region.chunks) this.drawRowChunks(context, segment, row, y, x);
    const state = story.pageState(space, Math.floor(row.from / this.view.pageSize));
    this.drawStrip(context, this.left, y + kBarHeight + 2, barWidth, state);
    if (!narrow) {
      context.fillStyle = colours.soft;
      const many = row.pages > 1 ? `${grouped(row.pages)} pages: ` : '';
      context.fillText(many + kPageStates[state][0], this.left + barWidth + 8, y + kBarHeight + 4, this.right - 8);
    }
    this.drawMarks(context, row, y, x);
    if (row.pages > 1) this.drawFold(context, row, y, barWidth, narrow ? state : null);
  }

  // Folded pages: the row is torn in the middle, so that nobody takes it for one page.
  drawFold(context, row, y, width, state) {
    const {colours} = this.view, middle = this.left + width / 2;
    context.fillStyle = colours.card;
    for (const x of [middle - 5, middle + 3]) {
      context.beginPath();
      context.moveTo(x + 3, y - 2);
      context.lineTo(x + 6, y - 2);
      context.lineTo(x, y + kBarHeight + kStripHeight + 4);
      context.lineTo(x - 3, y + kBarHeight + kStripHeight + 4);
      context.fill();
    }
    if (state === null) return;
    const text = `${grouped(row.pages)} pages, ${kPageStates[state][0]}`, wide = colours.widthOf(text) + 10;
    context.fillRect(middle + 16, y + 2, wide, kBarHeight - 4);
    context.fillStyle = colours.ink;
    context.fillText(text, middle + 21, y + kBarHeight / 2);
  }

  drawRowChunks(context, segment, row, y, x) {
    const {heap, colours, story} = this.view, {starts} = segment;
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= row.from) low = middle + 1; else high = middle;
    }
    for (let i = Math.max(0, low - 1); i < starts.length && starts[i] < row.to; ++i) {
      const at = starts[i], size = heap.size(at), end = at + Math.max(size, 16);
      if (end <= row.from) continue;
      const state = heap.state(at), from = x(Math.max(at, row.from)), to = x(Math.min(end, row.to));
      context.fillStyle = colours.chunk(state);
      context.fillRect(from, y, Math.max(to - from - 1, 1), kBarHeight);
      if (at >= row.from) this.drawHeader(context, from, y, Math.min(x(at + 8), to) - from, Math.min(x(at + 16), to) - from);
      const text = story.label(at + 16) || (state === 'cacheblock' || state === 'top' ? kChunkStates[state][0] : ''),
        shift = at >= row.from ? x(at + 16) - from + 3 : 5;
      const room = to - from - shift - 3;
      if (text && room > colours.widthOf(text)) {
        context.fillStyle = state === 'top' ? colours.ink : colours.onChunk;
        context.fillText(text, from + shift, y + kBarHeight / 2 + 1);
      }
      if (at === this.view.selectedChunk && this.view.pinned !== null) {
        context.strokeStyle = colours.accent;
        context.lineWidth = 2.5;
        context.strokeRect(from - 1, y - 1, Math.max(to - from, 2) + 1, kBarHeight + 2);
      }
    }
  }
  // prev_size, half faint, since it may be the neighbour's; size, dark.
  drawHeader(context, from, y, first, second) {
    const {colours} = this.view;
    context.fillStyle = colours.headerSoft;
    context.fillRect(from, y, first, kBarHeight);
    context.fillStyle = colours.header;
    context.fillRect(from + first, y, Math.max(second - first - (second - first > 2 ? .5 : 0), .8), kBarHeight);
  }

  drawStrip(context, x, y, width, state) {
    const {colours} = this.view;
    if (state === 'absent') {
      context.strokeStyle = colours.soft;
      context.lineWidth = 1;
      context.setLineDash([2, 3]);
      context.strokeRect(x + .5, y + .5, width - 2, kStripHeight - 1);
      context.setLineDash([]);
      return;
    }
    context.fillStyle = colours.page(state);
    context.fillRect(x, y, width - 1, kStripHeight);
  }

  // What the step did in [row.from, row.to): stores as ticks, faults as red wedges.
  drawMarks(context, row, y, x) {
    const {colours} = this.view;
    context.fillStyle = colours.ink;
    for (const store of this.step.stores)
      for (const at of within(store, row, 200)) context.fillRect(x(at) - .75, y - 6, 1.8, 5);
    context.fillStyle = colours.fault;
    for (const fault of this.step.faults)
      for (const at of within(fault, row, 200, this.view.pageSize)) drawWedge(context, x(at), y, kBarHeight + kStripHeight + 2);
  }

  drawOverview(shown) {
    const {colours, heap, story, space} = this.view, {region, rows} = this;
    const {width} = this.view, context = sized(this.overview, width, 20, colours);
    const span = region.end - region.start;
    for (let x = 0; x < width; x += 2) {
      const at = region.start + span * x / width;
      const segment = region.chunks.find(s => s.begin <= at && at < s.end);
      const chunk = segment ? heap.chunkAt(segment, at) : 0;
      if (chunk) { context.fillStyle = colours.chunk(heap.state(chunk)); context.fillRect(x, 2, 2, 9); }
      const state = story.pageState(space, Math.floor(at / this.view.pageSize));
      if (state !== 'absent') { context.fillStyle = colours.page(state); context.fillRect(x, 12, 2, 5); }
    }
    const from = (rows.row(this.top).from - region.start) / span * width;
    const to = (rows.row(this.top + shown - 1).to - region.start) / span * width;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.strokeRect(from + 1, 1, Math.max(to - from - 2, 4), 18);
  }
  jump(event) {
    const {region} = this, at = region.start + (region.end - region.start) * event.offsetX / this.view.width;
    this.top = this.rows.indexOf(at) - 5;
    this.held = true;
    this.draw();
  }

  // A region without chunks: a cell for each page, or for several where there are too many.
  drawPages() {
    const {region, view} = this, {colours, story, space, pageSize} = view, first = Math.floor(region.start / pageSize);
    this.overview.hidden = this.pager.hidden = true;
    const pages = Math.ceil((region.end - region.start) / pageSize), {width} = view;
    const perRow = Math.min(pages, Math.max(8, Math.floor(width / (pages > 512 ? 6 : pages > 64 ? 11 : 26))));
    const most = perRow * (pages > 512 ? 8 : 12), each = Math.ceil(pages / most), cells = Math.ceil(pages / each);
    const size = Math.min(width / Math.min(perRow, cells), 46), height = pages > 64 ? 14 : 24;
    const context = sized(this.canvas, width, Math.ceil(cells / perRow) * (height + 8) + 10, colours);
    context.textAlign = 'center';
    for (let i = 0; i < cells; ++i) {
      const x = i % perRow * size, y = Math.floor(i / perRow) * (height + 8) + 9, at = (first + i * each) * pageSize;
      const row = {from: at, to: at + Math.min(each, pages - i * each) * pageSize};
      const state = cellState(story, space, first + i * each, Math.min(each, pages - i * each));
      this.drawCell(context, x, y, size, height, state);
      if (size > 21 && each === 1) {
        context.fillStyle = state === 'absent' || state === 'zero' ? colours.soft : colours.onChunk;
        context.fillText(i, x + size / 2 - 1, y + height / 2 + 1);
      }
      if (view.selected !== null && view.selected >= row.from && view.selected < row.to) {
        context.strokeStyle = colours.accent;
        context.lineWidth = 2.5;
        context.strokeRect(x, y - 1, size - 2, height + 2);
      }
      this.hits.push({row, x, y, width: size, height});
      this.cellMarks(context, row, x, y, size, height);
    }
    if (each > 1) this.range.textContent += `; a cell is ${plural(each, 'page')}`;
  }
  drawCell(context, x, y, width, height, state) {
    const {colours} = this.view;
    if (state === 'absent' && width < 20) {
      context.strokeStyle = colours.line;
      context.strokeRect(x + .5, y + .5, width - 2, height - 1);
      return;
    }
    if (state === 'absent') {
      context.strokeStyle = colours.soft;
      context.lineWidth = 1;
      context.setLineDash([2, 2]);
      context.strokeRect(x + .5, y + .5, width - 3, height - 1);
      context.setLineDash([]);
      return;
    }
    context.fillStyle = colours.page(state);
    context.fillRect(x, y, width - (width > 8 ? 2 : 1), height);
  }
  cellMarks(context, row, x, y, width, height) {
    context.fillStyle = this.view.colours.fault;
    for (const fault of this.step.faults) {
      const [at] = within(fault, row, 1, this.view.pageSize);
      if (at === undefined) continue;
      const part = (at - row.from) / (row.to - row.from);
      drawWedge(context, x + Math.max(4, Math.min(part * (width - 2), width - 6)), y, height);
    }
  }

  click(event) {
    const x = event.offsetX, y = event.offsetY;
    const hit = this.hits.find(hit => x >= hit.x && x < hit.x + hit.width && y >= hit.y - 8 && y < hit.y + (hit.height || 38));
    if (!hit) return;
    const near = this.step.faults.flatMap(fault => [...within(fault, hit.row, 50, this.view.pageSize)])
      .find(at => !hit.scale || Math.abs(hit.x + (at - hit.row.from) * hit.scale - x) < 7);
    const at = near !== undefined ? near : hit.scale ? Math.floor(hit.row.from + (x - hit.x) / hit.scale) : hit.row.from;
    this.view.select(at);
  }
}

// The bytes of a run of accesses that lie in a row, at most so many.
function* within(access, row, most, step = access.step || 8) {
  const skip = Math.max(0, Math.ceil((row.from - access.at) / step));
  for (let i = skip; i < access.run && most > 0; ++i, --most) {
    const at = access.at + i * step;
    if (at >= row.to) return;
    if (at >= row.from) yield at;
  }
}
function cellState(story, space, first, count) {
  for (let i = 0; i < count; ++i) {
    const state = story.pageState(space, first + i);
    if (state !== 'absent') return state;
  }
  return 'absent';
}
function drawWedge(context, x, y, height) {
  context.beginPath();
  context.moveTo(x - 5, y - 8);
  context.lineTo(x + 5, y - 8);
  context.lineTo(x, y);
  context.fill();
  context.fillRect(x - 1, y - 2, 2, height + 2);
}
