'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const all = data.comparison.allocators, views = data.views;
const byId = id => document.getElementById(id);
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const palette = dark
  ? ['#6aa9e6', '#e6a15c', '#7cc59a', '#b79ae0', '#e58a9b', '#d6c66a', '#6cc5c9', '#a3aeb8', '#c98f6b', '#8ea3ef']
  : ['#3b7fc0', '#d9822b', '#4f9e72', '#8467bd', '#bf5068', '#b3a02f', '#3a9da2', '#87929c', '#96623d', '#5b6fd0'];
const colour = i => palette[i % palette.length];
const number = n => n === null || n === undefined ? '–' : Math.round(n).toLocaleString('en');
const signed = n => (n > 0 ? '+' : n < 0 ? '−' : '±') + number(Math.abs(n));
const kib = n => n === null ? '–' : n < 10240 ? number(n) + ' KiB' : (n / 1024).toFixed(1) + ' MiB';
const time = s => s === null ? '–' : s >= 1 ? s.toFixed(2) + ' s' : (s * 1e3).toFixed(1) + ' ms';
const bytes = n => n < 1 << 20 ? number(n / 1024) + ' KiB' : (n / (1 << 20)).toFixed(1) + ' MiB';
const median = (allocator, key) => allocator[key] ? allocator[key].median : null;
const faults = allocator =>
  allocator.minor ? allocator.minor.median + allocator.major.median : null;

function make(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function showTip(event, text) {
  const tip = byId('tip');
  tip.textContent = text;
  tip.hidden = false;
  tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + 'px';
  tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + 'px';
}
function hasTip(element, text) {
  element.addEventListener('mousemove', event => showTip(event, text(event)));
  element.addEventListener('mouseleave', () => { byId('tip').hidden = true; });
}

// Columns: {head, value (to sort by), cell (to show), name}. A click on a heading sorts.
function table(element, columns, rows, sorted, descending) {
  const draw = () => {
    const order = [...rows].sort((a, b) => {
      const [x, y] = [columns[sorted].value(a), columns[sorted].value(b)];
      const compared = typeof x === 'string' ? x.localeCompare(y) : (x ?? -1) - (y ?? -1);
      return descending ? -compared : compared;
    });
    const head = make('thead'), line = make('tr'), body = make('tbody');
    columns.forEach((column, i) => {
      const cell = make('th', column.head, column.name);
      if (i === sorted) cell.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      cell.addEventListener('click', () => {
        descending = i === sorted ? !descending : typeof columns[i].value(rows[0]) !== 'string';
        sorted = i;
        draw();
      });
      line.append(cell);
    });
    head.append(line);
    for (const row of order) {
      const line = make('tr');
      for (const column of columns) {
        const shown = column.cell ? column.cell(row) : column.value(row);
        const cell = make('td', shown instanceof Node ? undefined : shown, column.name);
        if (shown instanceof Node) cell.append(shown);
        if (column.tone) cell.classList.add(column.tone(row));
        line.append(cell);
      }
      body.append(line);
    }
    element.replaceChildren(head, body);
  };
  if (rows.length) draw(); else element.replaceChildren();
}

// The first lines: who takes fewest and most.
const known = all.filter(a => faults(a) !== null).sort((a, b) => faults(a) - faults(b));
const [fewest, most] = [known[0], known[known.length - 1]];
byId('verdict').textContent = !fewest ? 'No run ended as expected'
  : known.length === 1 ? `${number(faults(fewest))} page faults with ${fewest.name}`
  : `${fewest.name} takes the fewest page faults, ${number(faults(fewest))}; ${most.name} the most, ` +
    `${number(faults(most))}`;
byId('command').textContent = data.comparison.command.join(' ');
byId('runs').textContent = `· medians of ${data.comparison.runs} runs, taken in turns`;
for (const sentence of data.comparison.missing) byId('missing').append(make('p', sentence, 'soft'));

// Bars: the typical run of each allocator, split.
const splits = [['by_cause', 'cause'], ['by_writer', 'writer'], ['by_payer', 'payer'],
  ['by_region', 'region']].filter(([key]) => all.some(a => a.typical_run && a.typical_run[key]));
let split = splits.length ? splits[0][0] : null;

function parts(allocator) {
  const table = allocator.typical_run && allocator.typical_run[split];
  return table ? Object.entries(table).filter(([, count]) => count > 0) : [];
}
function drawBars() {
  const totals = {};
  for (const a of all) for (const [key, count] of parts(a)) totals[key] = (totals[key] || 0) + count;
  const keys = Object.keys(totals).sort((a, b) => totals[b] - totals[a]);
  const paint = key => colour(keys.indexOf(key));
  byId('legend').replaceChildren(...keys.map(key => {
    const item = make('span', key.replaceAll('_', ' ')), mark = make('i');
    mark.style.background = paint(key);
    item.prepend(mark);
    return item;
  }));
  const widest = Math.max(...known.map(faults), 1);
  const bar = allocator => {
    const stack = make('div', undefined, 'stack'), shown = parts(allocator);
    const sum = shown.reduce((n, [, count]) => n + count, 0);
    stack.style.width = 100 * (faults(allocator) || 0) / widest + '%';
    for (const key of keys) {
      const part = shown.find(([name]) => name === key);
      if (!part) continue;
      const piece = make('div');
      piece.style.width = 100 * part[1] / sum + '%';
      piece.style.background = paint(key);
      piece.dataset.part = key;
      piece.dataset.faults = part[1];
      hasTip(piece, () => `${key.replaceAll('_', ' ')}: ${number(part[1])}`);
      stack.append(piece);
    }
    return stack;
  };
  table(byId('allocators'), [
    {head: 'allocator', value: a => a.name},
    {head: 'faults', value: faults, cell: a => number(faults(a)) +
      (a.minor && a.minor.differs ? '*' : '')},
    {head: '', value: faults, cell: bar, name: 'bar'},
    {head: 'in malloc', value: a => median(a, 'faults_in_malloc'), name: 'minor-column',
      cell: a => number(median(a, 'faults_in_malloc'))},
    {head: 'peak RSS', value: a => median(a, 'peak_rss_kb'),
      cell: a => kib(median(a, 'peak_rss_kb'))},
    {head: 'time', value: a => median(a, 'wall_s'), cell: a => time(median(a, 'wall_s'))},
    {head: 'runs', value: a => a.status, name: 'minor-column'}], all, 1, false);
}
byId('split').append(...splits.map(([key, word]) => {
  const button = make('button', word);
  button.type = 'button';
  button.setAttribute('aria-pressed', key === split);
  button.addEventListener('click', () => {
    split = key;
    for (const other of byId('split').children)
      other.setAttribute('aria-pressed', other === button);
    drawBars();
  });
  return button;
}));
drawBars();

// Faults over time: how many so far, a line for each allocator.
const seen = all.map((a, i) => i).filter(i => views[i]);
let chart = null;
function drawTimeline() {
  if (chart) chart.destroy();
  if (!seen.length) return;
  const style = getComputedStyle(document.body);
  const ink = style.getPropertyValue('--soft'), line = style.getPropertyValue('--line');
  const lines = seen.map(i => {
    let sum = 0;
    return views[i].timeline.map(n => sum += n);
  });
  const axis = {stroke: ink, grid: {stroke: line, width: 1}, ticks: {stroke: line, width: 1}};
  chart = new uPlot({
    width: byId('timeline').clientWidth, height: 260, scales: {x: {time: false}},
    axes: [{...axis, values: (u, ticks) => ticks.map(t => +t.toPrecision(3) + ' s')},
      {...axis, values: (u, ticks) => ticks.map(number), // as wide as the longest number
       size: (u, labels) => 24 + 7.5 * Math.max(0, ...(labels ?? []).map(l => l.length))}],
    series: [{label: 'time', value: (u, t) => t === null ? '–' : time(t)}, ...seen.map((i, k) => (
      {label: all[i].name, stroke: colour(k), width: 2, value: (u, n) => number(n)}))],
  }, [lines[0].map((_, k) => k * data.bin_s), ...lines], byId('timeline'));
}
drawTimeline();

// Two allocators, side by side.
for (const id of ['a', 'b', 'flame-of']) {
  byId(id).append(...all.map((allocator, i) => {
    const option = make('option', allocator.name);
    option.value = i;
    return option;
  }));
}
byId('b').value = fewest && all.length > 1 ? all.indexOf(most === all[0] ? fewest : most) : 0;
const picked = id => Number(byId(id).value);

function siteRows(a, b) {
  const rows = new Map();
  for (const [view, side] of [[views[a], 0], [views[b], 1]]) {
    for (const [name, count] of view ? view.sites : []) {
      const row = rows.get(name) || {site: data.names[name], faults: [0, 0]};
      row.faults[side] += count;
      rows.set(name, row);
    }
  }
  return [...rows.values()];
}
function drawDifference() {
  const [a, b] = [all[picked('a')], all[picked('b')]];
  const change = faults(b) - faults(a);
  byId('difference').textContent = faults(a) === null || faults(b) === null ? ''
    : a === b ? 'Pick two allocators.'
    : `${b.name} takes ${number(Math.abs(change))} faults ${change < 0 ? 'fewer' : 'more'} than ` +
      `${a.name}: ${(faults(b) / faults(a)).toFixed(2)} times as many.`;
  const tone = of => row => of(row) > 0 ? 'more' : of(row) < 0 ? 'less' : 'soft';
  const figures = [['faults, minor', 'minor', number], ['faults, major', 'major', number],
    ['faults in malloc', 'faults_in_malloc', number], ['faults in the program', 'faults_in_program', number],
    ['faults in the kernel', 'faults_in_kernel', number], ['peak RSS', 'peak_rss_kb', kib],
    ['time', 'wall_s', time]].map(([name, key, words], order) =>
      ({name, order, words, a: median(a, key), b: median(b, key)}));
  const growth = row => row.b - row.a;
  table(byId('figures'), [
    {head: 'median', value: row => row.order, cell: row => row.name},
    {head: a.name, value: row => row.a, cell: row => row.words(row.a)},
    {head: b.name, value: row => row.b, cell: row => row.words(row.b)},
    {head: 'change', value: growth, tone: tone(growth), cell: row =>
      row.a === null || row.b === null ? '–'
        : (growth(row) < 0 ? '−' : '+') + row.words(Math.abs(growth(row)))}], figures, 0, false);
  const moved = row => row.faults[1] - row.faults[0];
  table(byId('sites'), [
    {head: 'call site, typical run', value: row => row.site},
    {head: a.name, value: row => row.faults[0], cell: row => number(row.faults[0])},
    {head: b.name, value: row => row.faults[1], cell: row => number(row.faults[1])},
    {head: 'change', value: moved, tone: tone(moved), cell: row => signed(moved(row))}],
    siteRows(picked('a'), picked('b')), 2, true);
  drawStrips();
}

// The address space from left to right, time downwards.
const payerNames = ['malloc', 'program', 'kernel'];
const payerColours = [colour(1), colour(0), colour(7)];
byId('payers').append(...payerNames.slice(0, 2).map((name, i) => {
  const item = make('span', name), mark = make('i');
  mark.style.background = payerColours[i];
  item.prepend(mark);
  return item;
}));
function paintStrip(canvas, strip) {
  const scale = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  canvas.width = box.width * scale;
  canvas.height = box.height * scale;
  const pen = canvas.getContext('2d'), name = 16 * scale, high = canvas.height - name;
  const style = getComputedStyle(document.body);
  pen.font = `${11 * scale}px system-ui, sans-serif`;
  for (const area of strip.areas) {
    const [from, to] = [area.from * canvas.width, area.to * canvas.width];
    pen.strokeStyle = style.getPropertyValue('--line');
    pen.beginPath();
    pen.moveTo(to, 0);
    pen.lineTo(to, canvas.height);
    pen.stroke();
    const word = area.region.replaceAll('_', ' ');
    pen.fillStyle = style.getPropertyValue('--soft');
    if (pen.measureText(word).width < to - from - 6) pen.fillText(word, from + 3, 12 * scale);
  }
  const [w, h] = [canvas.width / strip.width, high / strip.height];
  const densest = strip.points.reduce((n, v, i) => i % 4 === 3 ? Math.max(n, v) : n, 1);
  for (let i = 0; i < strip.points.length; i += 4) {
    const [x, y, payer, count] = strip.points.slice(i, i + 4);
    pen.globalAlpha = strip.each ? 0.85 : 0.3 + 0.7 * Math.sqrt(count / densest);
    pen.fillStyle = payerColours[payer];
    pen.fillRect(x * w, name + y * h, Math.max(w, 1.6 * scale), Math.max(h, 1.6 * scale));
  }
}
function drawStrips() {
  const chosen = [...new Set([picked('a'), picked('b')])].filter(i => views[i] && views[i].strip);
  byId('strips').replaceChildren(...chosen.map(i => {
    const strip = views[i].strip, box = make('div', undefined, 'strip'), canvas = make('canvas');
    box.append(make('p', `${all[i].name}: ${number(strip.faults)} faults of process ${strip.pid}, ` +
      `${strip.each ? 'each a point' : 'many to a cell'}; addresses from left to right, time downwards`,
      'soft'), canvas);
    hasTip(canvas, event => {
      const box = canvas.getBoundingClientRect(), x = (event.clientX - box.left) / box.width;
      const area = strip.areas.find(area => x < area.to) || strip.areas[strip.areas.length - 1];
      return `${area.region.replaceAll('_', ' ')}, ${bytes(area.bytes)} from ${area.start}`;
    });
    return box;
  }));
  chosen.forEach((i, k) => paintStrip(byId('strips').children[k].querySelector('canvas'), views[i].strip));
}
byId('a').addEventListener('change', drawDifference);
byId('b').addEventListener('change', drawDifference);
drawDifference();

// Call stacks: callers above, widths by faults. A click makes a frame the whole width.
let tree = null, focus = 0;
function readTree() {
  const view = views[picked('flame-of')];
  tree = (view ? view.flame : []).map(([parent, name, own]) => (
    {parent, name: data.names[name], own, all: own, children: []}));
  for (let i = tree.length - 1; i > 0; --i) {
    tree[tree[i].parent].all += tree[i].all;
    tree[tree[i].parent].children.push(i);
  }
  if (tree.length) tree[0].name = all[picked('flame-of')].name;
  focus = 0;
}
function flameColour(name) {
  let hash = 0;
  for (const c of name) hash = (hash * 31 + c.charCodeAt(0)) % 997;
  return `hsl(${24 + hash % 28} ${55 + hash % 20}% ${dark ? 62 : 72}%)`;
}
function drawFlame() {
  const svg = byId('flame'), wide = svg.clientWidth, row = 19, made = [];
  let deepest = 0;
  const add = (i, x, depth) => {
    const node = tree[i], width = wide * node.all / tree[focus].all;
    if (width < 0.7) return;
    deepest = Math.max(deepest, depth);
    const box = document.createElementNS(svg.namespaceURI, 'rect');
    for (const [key, value] of Object.entries({x, y: depth * row, width, height: row, rx: 2,
      fill: flameColour(node.name)})) box.setAttribute(key, value);
    box.dataset.node = i;
    box.addEventListener('click', () => { focus = i; drawFlame(); });
    hasTip(box, () => `${node.name}: ${number(node.all)} faults, ${number(node.own)} of its own`);
    made.push(box);
    if (width > 40) {
      const text = document.createElementNS(svg.namespaceURI, 'text');
      text.setAttribute('x', x + 4);
      text.setAttribute('y', depth * row + 13.5);
      text.textContent = node.name.slice(0, Math.floor((width - 8) / 6.4));
      made.push(text);
    }
    for (const child of [...node.children].sort((p, q) => tree[q].all - tree[p].all)) {
      add(child, x, depth + 1);
      x += wide * tree[child].all / tree[focus].all;
    }
  };
  if (tree.length && tree[focus].all) add(focus, 0, 0);
  svg.setAttribute('height', (deepest + 1) * row + 2);
  svg.replaceChildren(...made);
  byId('flame-now').textContent = tree.length
    ? `${tree[focus].name}: ${number(tree[focus].all)} faults of user mode. Callers are above; click to zoom.`
    : 'Faults were not seen one by one.';
}
byId('flame-of').addEventListener('change', () => { readTree(); drawFlame(); });
byId('flame-out').addEventListener('click', () => { focus = 0; drawFlame(); });
readTree();
drawFlame();
let wide = innerWidth;
addEventListener('resize', () => {
  if (wide === innerWidth) return;
  wide = innerWidth;
  drawTimeline();
  drawStrips();
  drawFlame();
});
