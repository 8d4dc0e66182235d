// One side of bench/peers.ts: prints the median ns of processor time of what the named peer offers, as one JSON object.
//   node peers-loop.js spoor|pino|mark COUNT
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { tracepoint } from '@spoor/tracer';
import { nsPerIteration } from '../harness.ts';

const [, , peer = '', countText = '0'] = process.argv;
const count = Number(countText);
const text = 'sixteen chars ab';

function spoor(): Readonly<Record<string, number>> {
  const one = tracepoint('peers:one', [['a', 'i32']]);
  const four = tracepoint('peers:four', [
    ['a', 'i32'],
    ['b', 'i32'],
    ['c', 'i32'],
    ['d', 'i32'],
    ['text', 'string'],
  ]);
  // What the span of otel-loop.ts says.
  const begin = tracepoint('peers:request_begin', [
    ['id', 'u32'],
    ['name', 'cached-string'],
    ['method', 'cached-string'],
    ['route', 'cached-string'],
  ]);
  const end = tracepoint('peers:request_end', [
    ['id', 'u32'],
    ['status', 'u16'],
    ['order', 'u32'],
  ]);
  if (!one.enabled) throw new Error('nothing is recorded');
  return {
    oneNs: nsPerIteration((n) => {
      for (let i = 0; i < n; i += 1) one(i);
    }, count),
    fourNs: nsPerIteration((n) => {
      for (let i = 0; i < n; i += 1) four(i, i + 1, i + 2, i + 3, text);
    }, count),
    spanNs: nsPerIteration((n) => {
      for (let i = 0; i < n; i += 1) {
        begin(i, 'GET /orders/:id', 'GET', '/orders/:id');
        end(i, 200, i);
      }
    }, count),
  };
}

function logger(): Readonly<Record<string, number>> {
  const log = pino({}, pino.destination({ dest: '/dev/null', sync: true }));
  return {
    fourNs: nsPerIteration((n) => {
      for (let i = 0; i < n; i += 1) log.info({ a: i, b: i + 1, c: i + 2, d: i + 3, text }, 'four');
    }, count / 10),
  };
}

function marks(): Readonly<Record<string, number>> {
  return {
    oneNs: nsPerIteration((n) => {
      for (let i = 0; i < n; i += 1) {
        performance.mark('one');
        // They pile up otherwise.
        if ((i & 4095) === 0) performance.clearMarks();
      }
    }, count / 10),
  };
}

const peers: Readonly<Record<string, () => Readonly<Record<string, number>>>> = {
  spoor,
  pino: logger,
  mark: marks,
};
console.log(JSON.stringify(peers[peer]!()));
