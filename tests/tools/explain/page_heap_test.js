// Run by node: what the page's scripts make of a run's data, as JSON. Arguments: the folder of the
// scripts, the data, and after how many steps the heap is looked at again.
const fs = require('fs');
const [web, data, every] = process.argv.slice(2);
const text = ['data', 'words', 'forecast', 'deeds', 'slots', 'names', 'unpacking', 'story', 'heap'].map(name => fs.readFileSync(`${web}/${name}.js`, 'utf8')).join('\n');
const {Story, Heap} = new Function(text + '; return {Story, Heap};')();

const number = list => list.kind === 'tcache' ? (list.size - 32) / 16 : list.kind === 'fast' ? list.size / 16 - 2 : list.bin;
function heapAt(story, position) {
  story.goTo(position);
  const space = story.spaceOf(position), heap = new Heap(story, space);
  const mapped = story.areaList(space).filter(area => !area.name && area.prot.startsWith('rw')).map(area => heap.mapped(area));
  const chunk = at => [at, heap.size(at), heap.head(at) % 8, heap.state(at)];
  return {
    chunks: heap.segments.flatMap(segment => segment.starts.map(chunk)).sort((a, b) => a[0] - b[0]),
    mapped: mapped.flatMap(segment => segment.starts.map(chunk)),
    lists: heap.lists.map(list => [list.kind, number(list), list.members]),
  };
}

(async () => {
  const story = new Story(JSON.parse(fs.readFileSync(data, 'utf8'))), steps = [];
  await story.unpack();
  for (let position = 1; position <= story.length; ++position) {
    steps.push({why: story.whyOf(position), address: story.steps.address[position - 1],
      stores: story.storesOf(position).map(store => [store.at, store.bytes, store.run, store.step, store.writer, store.faults]),
      heap: position % every === 0 ? heapAt(story, position) : null});
  }
  process.stdout.write(JSON.stringify(steps));
})();
