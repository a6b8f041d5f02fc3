# node: objects, buffers, JSON, promises, compression.
# needs: node
cat >script.js <<'JS'
const zlib = require('zlib');
const crypto = require('crypto');
const count = process.env.SCALE === 'long' ? 300000 : 30000;
const map = new Map();
for (let i = 0; i < count; ++i) map.set(`k${i * 7919 % 10007}`, { i, text: 'x'.repeat(i % 50) });
const text = JSON.stringify([...map]);
console.log(map.size, text.length, crypto.createHash('sha256').update(text).digest('hex'));
const packed = zlib.deflateSync(Buffer.from(text));
console.log(zlib.inflateSync(packed).toString() === text);
const parts = Array.from({ length: 20 }, (_, i) => new Promise((done) =>
  zlib.gzip(Buffer.alloc(count, i), (error, out) => done(out.length))));
Promise.all(parts).then((lengths) => console.log(lengths.join(' ')));
JS
node script.js
