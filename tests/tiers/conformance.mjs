// The program of tests/tiers/conformance.test.ts: every field type, contexts, channels, threads, counters, a snapshot.
// Its events are the same in every run; threads come one after the other. Usage: node conformance.mjs SNAPSHOT-DIR
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import {
  array,
  counter,
  enumeration,
  hex,
  registerContext,
  sequence,
  snapshot,
  struct,
  tracepoint,
} from '@spoor/tracer';

const state = enumeration('i16', { idle: 0, busy: [1, 9], broken: -32768 });
const integers = tracepoint('types:integers', {
  u8: 'u8',
  i8: 'i8',
  u16: 'u16',
  i16: 'i16',
  u32: 'u32',
  i32: 'i32',
  u64: 'u64',
  i64: 'i64',
  x8: hex('u8'),
  x64: hex('u64'),
});
const others = tracepoint('types:others', {
  f32: 'f32',
  f64: 'f64',
  text: 'string',
  state,
  fixed: array('u16', 3),
  names: array('string', 2),
  list: sequence('i64'),
  states: sequence(state),
  texts: sequence('string'),
  floats: sequence('f32'),
});
const nested = tracepoint('types:nested', {
  outer: struct({ a: 'u8', inner: struct({ text: 'string', list: sequence('u8'), big: 'i64' }) }),
  after: 'u32',
});
const strings = tracepoint('types:strings', {
  cached: 'cached-string',
  interned: 'interned-string',
  inner: struct({ cached: 'cached-string', interned: 'interned-string' }),
});
const plain = tracepoint('types:none');
const levels = ['emerg', 'err', 'warning', 'info', 'debug'].map((logLevel) =>
  tracepoint(`levels:${logLevel}`, { n: 'u32', text: 'string' }, { logLevel }),
);
const thread = tracepoint('thread:tick', { who: 'string', n: 'u32' });
const hits = counter('tiers:hits');
const cart = { value: undefined };
registerContext('tiers:cart', () => cart.value);

function emitTypes() {
  integers(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  integers(
    255,
    -128,
    65535,
    -32768,
    2 ** 32 - 1,
    -(2 ** 31),
    2n ** 64n - 1n,
    -(2n ** 63n),
    0xab,
    0xfedc_ba98_7654_3210n,
  );
  // As C would store them: modulo their size, truncated.
  integers(256 + 7, 200, -1, 40_000, -1, 2 ** 31, -1, 2 ** 53 - 1, -1, 2n ** 64n);
  integers(1.9, -1.9, '3', true, null, undefined, NaN, Infinity, 1n, { valueOf: () => 5 });
  others(
    0.5,
    0.1,
    'plain',
    'idle',
    [1, 2, 3],
    ['a', 'b'],
    [1, -2n, 2n ** 62n],
    ['busy', -32768, 5],
    ['x', '', 'é'],
    [0.25],
  );
  others(-0, 1e300, '', 7, [], [], [], [], [], []);
  others(
    NaN,
    -Infinity,
    'na\0me',
    99,
    [1, 2, 3, 4],
    ['only one'],
    new Set([1, 2]),
    [],
    ['\ud800', '😀'],
    new Float64Array([1.5, 2.5]),
  );
  others(
    1,
    2,
    `ü${'long '.repeat(300)}ende`,
    'broken',
    new Uint8Array([9, 8, 7]),
    ['ﬁ', '日本'],
    [],
    [],
    [],
    [],
  );
  nested({ a: 1, inner: { text: 'deep', list: [1, 2], big: -5n } }, 2);
  nested({ a: 300, inner: undefined }, 3);
  nested(undefined, 4);
  // What throws while it is read is recorded as nothing, and the program does not hear of it.
  nested(
    {
      get a() {
        throw new Error('on purpose');
      },
      inner: null,
    },
    5,
  );
  for (let n = 0; n < 3; n += 1) {
    strings('GET /', `route ${n % 2}`, { cached: 'é'.repeat(n), interned: 'GET /' });
    strings(undefined, 'route 0', { cached: 7, interned: 'route 1' });
  }
  plain();
}

function emitLevels() {
  for (let n = 0; n < 10; n += 1) {
    cart.value = [undefined, 7, -1.5, 'full', true][n % 5];
    for (const level of levels) level(n, `text ${n}`);
  }
}

/** More classes than a compact header has numbers for. */
function emitManyClasses() {
  for (let n = 0; n < 40; n += 1) tracepoint(`many:class_${n}`, { n: 'u8' })(n);
}

async function runWorker(kind) {
  const worker = new Worker(new URL(import.meta.url), { workerData: kind });
  worker.on('error', () => {});
  await new Promise((done) => worker.once('exit', done));
}

if (isMainThread) {
  emitTypes();
  emitLevels();
  emitManyClasses();
  hits.add(5);
  for (const kind of ['ends', 'exits', 'throws']) await runWorker(kind);
  // Beyond what the compact header's clock tells apart.
  await new Promise((done) => setTimeout(done, 150));
  thread('main', 1);
  const { eventCount } = snapshot(process.argv[2]);
  thread('main', 2);
  console.log(`snapshot of ${eventCount} events, hits ${hits.value}`);
} else {
  for (let n = 0; n < 5; n += 1) thread(workerData, n);
  hits.add(1.5);
  if (workerData === 'exits') process.exit(3);
  if (workerData === 'throws') throw new Error('on purpose');
}
