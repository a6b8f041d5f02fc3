// Run inside the page by headless Chromium: uses it as a person would, and leaves what it saw.
const saw = {errors: pageErrors};
const texts = (id, column) =>
  [...document.querySelectorAll(`#${id} tbody tr`)].map(row => row.children[column].textContent);
const click = element => element.dispatchEvent(new MouseEvent('click', {bubbles: true}));
const pick = (id, index) => {
  const select = document.getElementById(id);
  select.value = index;
  select.dispatchEvent(new Event('change'));
};
saw.verdict = document.getElementById('verdict').textContent;
saw.faults = Object.fromEntries(texts('allocators', 0).map((name, i) => [name, texts('allocators', 1)[i]]));
saw.ascending = texts('allocators', 1);
click(document.querySelectorAll('#allocators th')[1]);
saw.descending = texts('allocators', 1);
saw.bars = {};
for (const button of document.querySelectorAll('#split button')) {
  click(button);
  saw.bars[button.textContent] = [...document.querySelectorAll('#allocators .stack')].map(bar =>
    [...bar.children].reduce((sum, part) => sum + Number(part.dataset.faults), 0));
}
click(document.querySelectorAll('#allocators th')[1]);
pick('a', 0);
pick('b', 1);
saw.difference = document.getElementById('difference').textContent;
saw.sites = texts('sites', 0).map((site, i) => [site, texts('sites', 1)[i], texts('sites', 2)[i]]);
pick('a', 1);
pick('b', 0);
saw.swapped = document.getElementById('difference').textContent;
const rects = () => document.querySelectorAll('#flame rect').length;
saw.flame = {all: rects(), words: document.getElementById('flame-now').textContent};
const inner = [...document.querySelectorAll('#flame rect')].find(
  box => tree[box.dataset.node].name.startsWith('allocate ('));
click(inner);
saw.flame.zoomed = document.getElementById('flame-now').textContent;
saw.flame.width = Number(document.querySelector('#flame rect').getAttribute('width'));
click(document.getElementById('flame-out'));
saw.flame.back = rects();
const before = chart.scales.x.max;
const area = chart.over.getBoundingClientRect();
const mouse = (target, what, x) => target.dispatchEvent(new MouseEvent(what,
  {bubbles: true, button: 0, clientX: area.left + x, clientY: area.top + 50, movementX: 1}));
mouse(chart.over, 'mousemove', 20);
mouse(chart.over, 'mousedown', 20);
mouse(chart.over, 'mousemove', 90);
setTimeout(() => mouse(document, 'mouseup', 90), 50);
setTimeout(() => {
  saw.zoom = [before, chart.scales.x.max];
  saw.wider = document.documentElement.scrollWidth > innerWidth;
  const result = document.createElement('pre');
  result.id = 'seen';
  result.textContent = 'SEEN' + JSON.stringify(saw) + 'SEEN';
  document.body.append(result);
}, 150);
