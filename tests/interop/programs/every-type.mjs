// every-type.mjs COUNT [ROLE]: emits COUNT events of each of six kinds, between them every field type, from the main
// thread, a worker thread and a child process, and prints how many the three emitted together. No string is empty.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { array, enumeration, sequence, struct, tracepoint } from '@spoor/tracer';

const count = Number(isMainThread ? process.argv[2] : workerData);

const empty = tracepoint('types:empty', {});
const unsigned = tracepoint(
  'types:unsigned',
  { a: 'u8', b: 'u16', c: 'u32', d: 'u64' },
  { logLevel: 'info' },
);
const signed = tracepoint('types:signed', { a: 'i8', b: 'i16', c: 'i32', d: 'i64' }, { logLevel: 'warning' });
const floats = tracepoint('types:floats', { f: 'f32', d: 'f64' });
const texts = tracepoint('types:texts', {
  text: 'string',
  state: enumeration('u8', { idle: 0, busy: [1, 4], stuck: 9 }),
});
const nested = tracepoint('types:nested', {
  fixed: array('i16', 3),
  list: sequence('u32'),
  point: struct({ x: 'f64', label: 'string' }),
});

const words = [
  'one',
  'schön',
  'Ελλάδα',
  '日本語',
  '🙂',
  'quo"te',
  'back\\slash',
  'tab\tand\nline',
  'x'.repeat(300),
];

for (let i = 0; i < count; i++) {
  const word = words[i % words.length];
  empty();
  unsigned(
    i & 255,
    (i * 7) & 0xffff,
    (i * 2654435761) >>> 0,
    i % 3 === 0 ? 2n ** 64n - BigInt(i + 1) : i * 1e9,
  );
  signed(-(i % 129), -i % 32768, -i * 1000, i % 2 === 0 ? -(2n ** 63n) + BigInt(i) : -i * 1e9);
  floats(i / 7, i % 11 === 0 ? 1e300 * i : -Math.PI * i);
  texts(word, i % 12);
  nested(
    [i & 0x7fff, -i & 0x7fff, -1],
    Array.from({ length: i % 9 }, (_, at) => i + at),
    { x: i / 8, label: word },
  );
}

if (isMainThread && process.argv[3] !== 'child') {
  const worker = new Worker(new URL(import.meta.url), { workerData: count });
  const child = fork(process.argv[1], [process.argv[2], 'child']);
  const [[workerStatus], [childStatus]] = await Promise.all([once(worker, 'exit'), once(child, 'exit')]);
  if (workerStatus !== 0 || childStatus !== 0) process.exitCode = 1;
  console.log(3 * 6 * count);
}
