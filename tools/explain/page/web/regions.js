// Regions: what of an address space is worth showing at a step, and the rows it is shown in.
const kOwnAreas = {'[text]': "the program's code", '[stack]': 'stack', '[thread]': "thread's own page",
  '[globals]': "malloc's own records", '[heap]': 'heap'};

function regionsOf(story, heap, space, touched) {
  const list = [];
  for (const area of story.areaList(space)) {
    const hit = touched.some(at => area.start <= at && at < area.end);
    const own = kOwnAreas[area.name];
    if (own && area.name !== '[heap]' && !hit) continue;
    if (area.prot.startsWith('---') && !hit && !heap.segments.some(s => s.begin >= area.start && s.begin < area.end)) continue;
    const region = {...area, title: own || area.name || 'mapping', hit, chunks: []};
    region.chunks = heap.segments.filter(s => s.begin >= area.start && s.begin < area.end);
    if (!region.chunks.length && !own && !area.name) {
      const mapped = heap.mapped(area);
      if (mapped.starts.length) region.chunks = [mapped];
    }
    region.names = story.names.within(area.start, area.end, 9).map(at => story.label(at));
    if (region.chunks.length && region.title === 'mapping') region.title = region.chunks[0].name;
    if (region.title === 'mapping' && region.names.length) region.title = region.names.slice(0, 8).join(', ');
    list.push(region);
  }
  return list;
}

// The rows of a region with chunks: a page each; pages within one chunk, in one state, fold to one.
class Rows {
  constructor(story, space, region) {
    this.page = 2 ** story.run.geometry.page_shift;
    this.region = region;
    this.first = Math.floor(region.start / this.page);
    this.pages = Math.ceil((region.end - region.start) / this.page);
    this.folded = null;
    if (this.pages <= 4096) this.fold(story, space);
  }
  get count() { return this.folded ? this.folded.length : this.pages; }
  row(i) {
    const {first, pages} = this.folded ? this.folded[i] : {first: this.first + i, pages: 1};
    return {from: first * this.page, to: (first + pages) * this.page, pages};
  }
  fold(story, space) {
    const starts = new Uint8Array(this.pages);
    for (const segment of this.region.chunks)
      for (const at of segment.starts) starts[Math.floor(at / this.page) - this.first] = 1;
    this.folded = [];
    let state = null;
    for (let i = 0; i < this.pages; ++i) {
      const page = this.first + i, now = starts[i] ? null : story.pageState(space, page);
      const last = this.folded[this.folded.length - 1];
      if (now !== null && now === state) ++last.pages; else this.folded.push({first: page, pages: 1});
      state = now;
    }
  }
  indexOf(at) {
    const page = Math.floor(at / this.page);
    if (!this.folded) return page - this.first;
    let low = 0, high = this.folded.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.folded[middle].first <= page) low = middle + 1; else high = middle;
    }
    return low - 1;
  }
}
