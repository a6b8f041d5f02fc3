// Run inside the page by headless Chromium: uses it as a person would, and leaves what it saw.
const saw = {errors: pageErrors};
const press = (key, target = document.body) => target.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
const press_button = id => document.getElementById(id).click();
const text = selector => [...document.querySelectorAll(selector)].map(element => element.textContent);

// What the page shows at a step: texts from the screen; chunks and lists as they are drawn.
function shown(view = page.views[0]) {
  const {heap, story} = view;
  view.drawRest();
  const all = [...heap.segments, ...story.areaList(view.space).filter(area => !area.name).map(area => heap.mapped(area))];
  return {
    line: document.querySelector('[aria-current=step]')?.dataset.line ?? null,
    did: text('.did h3'), cost: text('.did .cost strong')[0] ?? '', count: text('#count')[0],
    faults: [...document.querySelectorAll('.did .fault')].map(item => [item.dataset.place, Number(item.dataset.at)]),
    why: text('.how .why li'), marked: text('.receipt .has-fault'),
    chunks: all.flatMap(segment => segment.starts.map(at => [at, heap.size(at), heap.state(at)])),
    lists: heap.lists.map(list => [list.kind, list.kind === 'tcache' ? (list.size - 32) / 16 : list.kind === 'fast' ? list.size / 16 - 2 : list.bin, list.members]),
    minor: view.position ? story.steps.minor[view.position - 1] : 0,
    stores: view.step.stores.map(store => [store.at, store.bytes, store.run, store.writer, store.faults]),
    pages: [...story.spaces[view.space].pages].map(([page, state]) => [page, story.run.texts[state]]).sort((a, b) => a[0] - b[0]),
  };
}

function clickWedge() {
  const view = page.views[0], fault = view.step.faults[0];
  const region = [...view.regionViews.values()].find(r => r.element.isConnected && fault.at >= r.region.start && fault.at < r.region.end);
  const hit = region.hits.find(h => fault.at >= h.row.from && fault.at < h.row.to), box = region.canvas.getBoundingClientRect();
  const x = hit.scale ? hit.x + (fault.at - hit.row.from) * hit.scale : hit.x + hit.width / 2;
  region.canvas.dispatchEvent(new MouseEvent('click', {bubbles: true, clientX: box.left + x, clientY: box.top + hit.y + 5}));
  return {at: fault.at, selected: view.pinned, here: text('.words .here td'), walk: text('.walk tr').length, byte: text('.byte strong')[0]};
}

const nap = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
ready.then(async () => {
  saw.linked = page.position;
  await page.until(page.length);
  press_button('first');
  saw.start = shown();
  saw.forward = [];
  const most = page.length > 1000 ? 20 : Infinity;
  while (!document.getElementById('forward').disabled && saw.forward.length < most) { press_button('forward'); saw.forward.push(shown()); }
  saw.back = [shown()];
  while (page.position > 1) { press('ArrowLeft'); saw.back.push(shown()); }
  saw.back.reverse();
  press('End');
  saw.end = page.position;
  press('Home');
  saw.home = page.position;
  press_button('fault');
  saw.firstFault = page.position;
  if (page.views[0].step.faults.length) saw.wedge = clickWedge();
  const box = document.getElementById('search');
  press('/');
  saw.searching = document.activeElement === box;
  box.value = SEARCH;
  press('Enter', box);
  await nap(10);
  saw.found = page.position;
  box.blur();
  const scrub = document.getElementById('scrub');
  scrub.value = 2;
  scrub.dispatchEvent(new Event('input'));
  saw.scrubbed = page.position;
  await nap(300);
  saw.hash = location.hash;
  saw.wider = document.documentElement.scrollWidth > innerWidth;
  page.goTo(5);
  saw.views = page.views.map(view => ({title: view.story.run.name, machine: view.story.run.machine, cached: view.heap.cached.size, position: view.position, line: view.element.querySelector('[aria-current=step]')?.textContent}));
  saw.unnamed = [...document.querySelectorAll('button, input, canvas')].filter(e => !e.textContent.trim() && !e.getAttribute('aria-label') && e.getAttribute('aria-hidden') !== 'true').length;
  page.goTo(page.length);
  page.views[0].drawRest();
  [...document.querySelectorAll('.tries button')].find(button => button.textContent === 'free p')?.click();
  saw.tried = text('.tries')[0];
  saw.contents = text('#contents-list a').length;
}).catch(error => pageErrors.push(String(error.stack || error))).finally(() => {
  const result = document.createElement('pre');
  result.textContent = 'SEEN' + JSON.stringify(saw) + 'SEEN';
  document.body.append(result);
});
