// random-types.mjs SEED CLASSES ROUNDS: declares CLASSES tracepoints with random fields, emits ROUNDS events of each
// with random values, and prints how many it emitted. Names are such as trouble a reader: words of the metadata
// language, leading underscores, other languages' keywords.
import { array, enumeration, hex, sequence, struct, tracepoint } from '@spoor/tracer';

const [seed, classes, rounds] = process.argv.slice(2).map(Number);

let state = (seed * 2654435761) >>> 0 || 1;
/** A whole number from 0 to below `limit`. */
function random(limit) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state % limit;
}
const pick = (list) => list[random(list.length)];

const integers = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64'];
const names = (
  'a value camelCase under_score _leading __two x1 length constructor toString ' +
  'event stream trace struct string integer enum variant align int unsigned ' +
  'id v timestamp content_size cpu_id name fields class function let this p'
).split(' ');
const texts = [
  '',
  'a',
  'plain words',
  'quo"te',
  'back\\slash',
  'line\nfeed',
  'tab\t',
  '\x01\x7f',
  'schön',
  ' ',
].concat(['Ελλάδα', '日本語', '🙂🙃', '\ud800 lone', 'x'.repeat(40), 'é'.repeat(300), '%s %d {} } ; /* */']);
const doubles = [
  0,
  -0,
  1,
  -1.5,
  0.1,
  1e-7,
  1e21,
  123456.5,
  1234567.25,
  Math.PI,
  5e-324,
  1.797e308,
  NaN,
  Infinity,
];

function randomInteger(type) {
  const bits = Number(type.slice(1));
  const low = [0, 1, 2, 9, 10, 255, 65535, 99_999_999][random(8)];
  if (bits < 64) {
    const span = 2 ** bits;
    const value = random(2) === 0 ? low % span : random(2 ** 32) % span;
    return type.startsWith('i') && value >= span / 2 ? value - span : value;
  }
  const wide = (BigInt(random(2 ** 32)) << 32n) | BigInt(random(2 ** 32));
  if (type === 'u64') return pick([low, wide, 2n ** 64n - 1n, 2 ** 53 - 1, 10n ** 19n]);
  return pick([low, -low, wide - 2n ** 63n, -(2n ** 63n), 2n ** 63n - 1n, -(2 ** 53) + 1]);
}

/** A type and a function that makes values of it. */
function randomScalar() {
  const integer = pick(integers);
  switch (random(8)) {
    case 0:
      return ['string', () => pick(texts)];
    case 1:
      return ['f32', () => Math.fround(random(3) === 0 ? pick(doubles) : random(100_000) / 8)];
    case 2:
      return ['f64', () => (random(3) === 0 ? pick(doubles) : random(1_000_000) / 7)];
    case 3:
      return [hex(integer), () => randomInteger(integer)];
    case 4: {
      const narrow = pick(['u8', 'u16', 'i8', 'i16', 'i32']);
      const labels = { zero: 0, 'two words': 1, 'quo"te': [2, 5], overlap: [4, 7] };
      const all = narrow.startsWith('i') ? { ...labels, below: [-9, -1] } : labels;
      return [
        enumeration(narrow, all),
        () => (random(4) === 0 ? 'overlap' : random(12) - (narrow[0] === 'i' ? 3 : 0)),
      ];
    }
    default:
      return [integer, () => randomInteger(integer)];
  }
}

function randomField(depth) {
  const [scalar, make] = randomScalar();
  switch (random(depth > 0 ? 8 : 6)) {
    case 0: {
      const length = random(5);
      return [array(scalar, length), () => Array.from({ length }, make)];
    }
    case 1:
      return [sequence(scalar), () => Array.from({ length: random(6) }, make)];
    case 6:
    case 7: {
      const { types, values } = randomFields(1 + random(3), depth - 1);
      const members = Object.keys(types);
      return [struct(types), () => Object.fromEntries(values().map((value, at) => [members[at], value]))];
    }
    default:
      return [scalar, make];
  }
}

function randomFields(count, depth) {
  const makers = new Map();
  const types = {};
  for (let i = 0; i < count; i++) {
    const name = pick(names);
    if (makers.has(name)) continue;
    const [type, make] = randomField(depth);
    types[name] = type;
    makers.set(name, make);
  }
  return { types, values: () => [...makers.values()].map((make) => make()) };
}

const emitters = Array.from({ length: classes }, (_, index) => {
  const { types, values } = randomFields(random(7), 2);
  const emit = tracepoint(`random:class_${index}`, types);
  return () => emit(...values());
});
for (let round = 0; round < rounds; round++) for (const emit of emitters) emit();
console.log(classes * rounds);
