// Panels: what the step did, the lists, and the clicked byte, as text.
const kErrors = {1: 'EPERM', 2: 'ENOENT', 11: 'EAGAIN', 12: 'ENOMEM', 13: 'EACCES', 14: 'EFAULT', 16: 'EBUSY', 17: 'EEXIST', 22: 'EINVAL'};

function writerText(writer) { return kWriterNames[writer] || writer; }

// A byte that can be looked at.
function byteButton(view, at, text) {
  return make('button', {type: 'button', class: 'at', title: hex(at), textContent: text,
    onclick: () => view.select(at)});
}

function faultItem(view, fault) {
  const many = fault.run > 1 ? ` and ${grouped(fault.run - 1)} more, a page apart` : '';
  const item = make('li', {class: 'fault'}, byteButton(view, fault.at, fault.place), make('span', {textContent: many}),
    make('span', {class: 'who', textContent: ` ${fault.access} by ${writerText(fault.writer)}`}),
    make('span', {class: 'cause', textContent: kCauses[fault.cause] || fault.cause}),
    make('span', {class: 'soft', textContent: `${fault.outcome}, ${fault.cause}` + codeText(view, fault)}));
  item.dataset.place = fault.place;
  item.dataset.at = fault.at;
  return item;
}
function codeText(view, fault) {
  if (fault.mode === 'gup') return ', no exception: the kernel walked the tables itself';
  if (fault.code < 0) return '';
  return view.story.run.geometry.arm64 ? `, ESR ${hex(fault.code)}` : `, error code ${fault.code} (` +
    [fault.code & 1 ? 'page there' : 'page not there', fault.code & 2 ? 'write' : fault.code & 16 ? 'fetch' : 'read',
      fault.code & 4 ? 'user' : 'kernel'].join(', ') + ')';
}

function drawDid(view) {
  const {story, position, panel} = view, steps = story.steps, i = position - 1;
  if (position === 0) {
    panel.did.replaceChildren(make('h3', {textContent: 'Before the first step'}),
      make('p', {textContent: 'Nothing has run yet. Go forward with the → key or the buttons. ' +
        'A red wedge marks the byte of a page fault; click a byte or a chunk to look into it.'}));
    return;
  }
  const faults = view.step.faults, minor = steps.minor[i], major = steps.major[i];
  const counts = [minor ? plural(minor, 'minor fault') : '', major ? plural(major, 'major fault') : ''].filter(t => t);
  const signal = story.run.signals.find(([step]) => step === i);
  const result = !steps.ran[i] ? 'not run: its process had ended'
    : steps.error[i] ? `refused: ${kErrors[steps.error[i]] || 'errno ' + steps.error[i]}`
    : steps.address[i] ? `returned ${hex(steps.address[i])}` : '';
  const head = make('h3', {}, make('code', {textContent: story.textOf(position) || `operation ${position}`}));
  const cost = make('p', {class: 'cost'}, make('strong', {class: faults.length ? 'has-fault' : '',
    textContent: counts.join(', ') || (faults.length ? 'no counted fault' : 'no page fault')}),
    result ? make('span', {class: 'soft', textContent: ' · ' + result}) : null,
    signal ? make('strong', {class: 'has-fault', textContent: ' · ends in ' + signal[1]}) : null);
  const shown = faults.slice(0, 12).map(fault => faultItem(view, fault));
  if (faults.length > 12) shown.push(make('li', {class: 'soft', textContent: `and ${grouped(faults.length - 12)} more places`}));
  panel.did.replaceChildren(head, cost, make('ul', {class: 'faults'}, ...shown));
}

function drawHow(view) {
  const parts = [...whyLines(view), ...receipt(view)];
  view.panel.how.replaceChildren(...(parts.length ? parts : [make('p', {class: 'soft', textContent: 'malloc decided and stored nothing here.'})]));
}
function whyLines(view) {
  const lines = view.position ? view.story.whyOf(view.position) : [];
  if (!lines.length) return [];
  return [make('h4', {textContent: 'Why'}), make('ol', {class: 'why'}, ...lines.map(line => make('li', {textContent: line})))];
}

// What an operation would do here: the allocator's own answers, made when the page was.
function drawTries(view) {
  const {story, position, panel} = view, answers = (story.run.tries || []).filter(([at]) => at === position);
  const command = `faultline explain ${story.run.name} --at ${story.lineOf(position)} --try "free p"`;
  panel.tries.parentElement.hidden = position === 0;
  const more = make('p', {class: 'soft'}, answers.length ? 'Any other operation: ' : 'Answered by: ', make('code', {textContent: command}));
  const buttons = answers.map(([, operation]) => make('button', {type: 'button', textContent: operation, 'aria-pressed': String(operation === view.asked),
    onclick: () => { view.asked = operation === view.asked ? '' : operation; drawTries(view); }}));
  const answer = answers.find(([, operation]) => operation === view.asked);
  panel.tries.replaceChildren(...(buttons.length ? [make('div', {class: 'choices', role: 'group', 'aria-label': 'operations to try'}, ...buttons)] : []),
    ...(answer ? triedPart(answer) : []), more);
}
function triedPart([, operation, ends, why, reads]) {
  const rows = reads.slice(0, 24).map(([place, bytes, writer]) => make('tr', {}, make('td', {}, make('code', {textContent: place})),
    make('td', {class: 'number', textContent: grouped(bytes)}), make('td', {textContent: writerText(writer)})));
  return [make('p', {role: 'status'}, make('code', {textContent: operation}), ends ? make('strong', {class: 'has-fault', textContent: ` would end in ${ends}`})
      : make('span', {textContent: ' would go through:'})),
    make('ol', {class: 'why'}, ...why.map(line => make('li', {textContent: line}))),
    make('details', {}, make('summary', {textContent: `The memory it would read: ${plural(reads.length, 'place')}`}),
      make('div', {class: 'scroll'}, make('table', {}, make('tbody', {}, ...rows))))];
}

function receipt(view) {
  const stores = view.step.stores;
  if (!stores.length) return [];
  const total = stores.reduce((n, store) => n + store.run, 0);
  const rows = stores.slice(0, 24).map(store => {
    const fault = store.faults ? view.step.faults.find(f => f.access === 'write' && f.writer === store.writer && overlaps(f, store, view.pageSize)) : null;
    return make('tr', {}, make('td', {}, byteButton(view, store.at, view.story.name(store.at)),
      store.run > 1 ? make('span', {class: 'soft', textContent: ` × ${grouped(store.run)}`}) : null),
      make('td', {class: 'number', textContent: grouped(store.bytes)}), make('td', {textContent: writerText(store.writer)}),
      make('td', {class: fault ? 'has-fault' : 'soft', textContent: fault ? fault.cause : ''}));
  });
  const more = stores.length > 24 ? make('p', {class: 'soft', textContent: `and ${grouped(stores.length - 24)} more`}) : null;
  return [make('h4', {}, 'Receipt: ', make('span', {class: 'soft', textContent: plural(total, 'store')})),
    make('div', {class: 'scroll'}, make('table', {class: 'receipt'}, make('thead', {}, make('tr', {},
      ...['byte', 'bytes', 'written by', 'fault'].map((text, i) => make('th', {textContent: text, class: i === 1 ? 'number' : ''})))),
      make('tbody', {}, ...rows))), more].filter(part => part);
}
function overlaps(fault, store, page) {
  const last = store.at + (store.run - 1) * (store.step || 0) + store.bytes;
  const faultLast = fault.at + (fault.run - 1) * page;
  return fault.at < last && faultLast >= store.at;
}

// Most lists are as they were a step before: what is shown of them stays.
const kListKinds = ['tcache', 'fast', 'unsorted', 'small', 'large'];
function drawLists(view) {
  const {heap, panel, story} = view, before = view.listRows, rows = view.listRows = new Map();
  const rowOf = list => {
    const key = listKey(view, list), row = before.get(key) || listRow(view, list);
    rows.set(key, row);
    return row;
  };
  const soft = text => make('p', {class: 'soft', textContent: text});
  const groups = kListKinds.map(kind => {
    const lists = heap.lists.filter(list => list.kind === kind), body = lists.slice(0, 40).map(rowOf);
    if (lists.length > 40) body.push(soft(`and ${lists.length - 40} more lists`));
    const name = kChunkStates[kind][0] + (kind === 'small' || kind === 'large' || kind === 'fast' ? 's' : '');
    return listGroup(view, kind, name, body.length ? body : [soft('empty')]);
  });
  const top = [...heap.tops].filter(at => heap.segmentOf(at)).map(at => make('span', {}, byteButton(view, at, story.name(at)),
    make('span', {class: 'soft', textContent: ` ${bytesText(heap.size(at))}`})));
  groups.push(listGroup(view, 'top', 'top', top.length ? top : [soft('no heap yet')]));
  const limits = heap.thresholds().filter(([, value]) => value).map(([name, value]) => make('span', {class: 'limit'},
    make('span', {class: 'soft', textContent: name + ' '}), grouped(value)));
  if (!panel.lists.firstChild) panel.lists.append(make('div', {class: 'groups'}), make('p', {class: 'limits'}));
  setChildren(panel.lists.firstChild, groups);
  panel.lists.lastChild.replaceChildren(...limits);
}
function listGroup(view, kind, name, body) {
  if (!view.listGroups.has(kind))
    view.listGroups.set(kind, make('div', {class: 'group'}, make('h4', {title: kChunkStates[kind][1]}, swatch('c-' + kind), name)));
  const group = view.listGroups.get(kind);
  setChildren(group, [group.firstChild, ...body]);
  return group;
}
function listKey(view, list) {
  const members = list.members.slice(0, 8).map(at => `${at} ${view.story.name(at)}`);
  const most = view.heap.number(view.story.run.globals + kParams + 16);
  return [list.of, list.kind, list.size, list.bin, list.count, most, list.members.length > 8, list.more, ...members].join();
}
function swatch(name) { return make('i', {class: 'swatch', style: `background:var(--${name})`}); }
function listRow(view, list) {
  const chain = list.members.slice(0, 8).map((at, i) => make('span', {}, i ? ' → ' : '', byteButton(view, at, view.story.name(at))));
  const more = list.members.length > 8 || list.more ? make('span', {class: 'soft', textContent: ` … ${list.more ? 'more than ' : ''}${grouped(list.count)} in all`}) : null;
  const head = list.size ? grouped(list.size) : list.bin ? `bin ${list.bin}` : '';
  return make('p', {class: 'chain'}, make('span', {class: 'soft size', textContent: `${list.of ? list.of + ' ' : ''}${head}` +
    (list.kind === 'tcache' ? ` (${list.count} of ${view.heap.number(view.story.run.globals + kParams + 16)})` : '')}), ' ', ...chain, more);
}

// The byte looked at: its chunk word by word, and the walk that leads to its frame.
function drawByte(view) {
  const {panel, story, selected, space} = view;
  if (selected === null) {
    panel.byte.replaceChildren(make('p', {class: 'soft', textContent: 'Click a chunk, a page or a byte above to see its words and the walk of the page tables that leads to it.'}));
    return;
  }
  const parts = [make('p', {}, make('strong', {textContent: story.name(selected)}), make('span', {class: 'soft', textContent: ` = ${hex(selected)}`}))];
  if (view.selectedChunk) parts.push(...chunkPart(view, view.selectedChunk));
  parts.push(...walkPart(story, space, selected, view.pageSize));
  panel.byte.replaceChildren(...parts);
}
function chunkPart(view, at) {
  const {heap, story, selected} = view, state = heap.state(at);
  const label = story.label(at + 16);
  const rows = heap.words(at).map(([offset, name, whose]) => {
    const value = heap.word(at + offset), known = story.spaces[view.space].slots.has(at + offset) || offset === 8;
    const here = selected >= at + offset && selected < at + offset + 8;
    return make('tr', {class: here ? 'here' : ''}, make('td', {}, byteButton(view, at + offset, hex(at + offset))),
      make('td', {textContent: name}), make('td', {class: 'number'}, make('code', {textContent: known ? hex(value) : '·'})), make('td', {textContent: whose}));
  });
  return [make('h4', {}, swatch('c-' + state), `Chunk${label ? ' of ' + label : ''}: ${grouped(heap.size(at))} bytes, ${kChunkStates[state][0]}`),
    make('p', {class: 'soft', textContent: kChunkStates[state][1] + '.'}),
    make('div', {class: 'scroll'}, make('table', {class: 'words'}, make('thead', {}, make('tr', {},
      ...['address', 'word', 'value', 'whose'].map((text, i) => make('th', {textContent: text, class: i === 2 ? 'number' : ''})))), make('tbody', {}, ...rows)))];
}
function walkPart(story, space, address, pageSize) {
  const state = story.pageState(space, Math.floor(address / pageSize)), {levels} = story.run.geometry;
  const split = [...levels].reverse().map(({name, shift, bits}) => make('span', {class: 'index'}, make('b', {textContent: name}),
    String(Math.floor(address / 2 ** shift) % 2 ** bits), make('small', {textContent: `${bits} bits`})));
  split.push(make('span', {class: 'index'}, make('b', {textContent: 'byte'}), hex(address % pageSize), make('small', {textContent: `${story.run.geometry.page_shift} bits`})));
  const rows = story.walk(space, address).map(step => make('tr', {}, make('td', {textContent: `${step.name}[${step.index}]`}),
    make('td', {}, step.kind === 'empty' ? make('span', {class: 'soft', textContent: 'empty: the walk ends here'}) : make('code', {textContent: step.raw})),
    make('td', {textContent: step.kind === 'empty' ? '' : step.kind + (step.kind === 'swap' || step.kind === 'guard' ? '' : ` in frame ${hex(step.frame)}`)}),
    make('td', {}, ...step.bits.map(bit => make('span', {class: 'bit', textContent: bit})))));
  return [make('h4', {textContent: 'Page-table walk'}), make('p', {}, make('span', {textContent: 'This page: '}), make('strong', {textContent: kPageStates[state][0]}),
    make('span', {class: 'soft', textContent: ` (${kPageStates[state][1]})`})), make('div', {class: 'split'}, ...split),
    make('div', {class: 'scroll'}, make('table', {class: 'walk'}, make('tbody', {}, ...rows)))];
}
