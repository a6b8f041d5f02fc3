// The page's data: inflated, and its tables made ready to be read.
async function unpack(text) {
  const packed = atob(text.trim());
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; ++i) bytes[i] = packed.charCodeAt(i);
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return JSON.parse(await new Response(plain).text());
}

// A table has rows for each step: those of step i are rows first[i] to first[i + 1] - 1.
// A column whose name ends in "+" holds differences; one that is a number has it in each row.
function readTable(json, steps) {
  const {rows} = json, table = {rows, first: new Uint32Array(steps + 1)};
  for (const [name, column] of Object.entries(json)) {
    if (name === 'rows') continue;
    const list = typeof column === 'number' ? new Float64Array(rows).fill(column) : column;
    if (!name.endsWith('+')) { table[name] = list; continue; }
    let sum = 0;
    table[name.slice(0, -1)] = Float64Array.from(list, difference => sum += difference);
  }
  for (let row = 0; row < rows; ++row) ++table.first[table.of[row] + 1];
  for (let step = 0; step < steps; ++step) table.first[step + 1] += table.first[step];
  return table;
}

const kGrouping = new Intl.NumberFormat('en');
const grouped = n => typeof n === 'string' ? n : n >= 0 && n < 1000 ? String(n) : kGrouping.format(n);
const plural = (n, word) => `${grouped(n)} ${word}${n === 1 ? '' : 's'}`;
// The kernel's half of the addresses is negative here.
const hex = n => '0x' + (typeof n === 'string' ? n : n < 0 ? BigInt.asUintN(64, BigInt(n)).toString(16) : n.toString(16));
const bytesText = n => n < 10240 || n % 1024 ? plural(n, 'byte')
  : n < 10485760 || n % 1048576 ? `${grouped(n / 1024)} KiB` : `${grouped(n / 1048576)} MiB`;

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== 'list') element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}
// Leaves what is in its place where it is, so that the browser need not lay it out again.
function setChildren(element, children) {
  children.forEach((child, i) => {
    if (element.childNodes[i] !== child) element.insertBefore(child, element.childNodes[i] || null);
  });
  while (element.childNodes.length > children.length) element.lastChild.remove();
}
