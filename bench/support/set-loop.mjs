// One side of bench/sets.ts: does one thing that a set of automatic events watches, again and again, and prints the
// processor time of one, in ns: the median of batches.
//   node set-loop.mjs OPERATION
import { spawn } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const batches = 5;
const batchMs = 60;
const require = createRequire(import.meta.url);
const nullStream = () => fs.openSync('/dev/null', 'w');

async function listening(server) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

/** Each gives a function that does the thing `count` times. */
const operations = {
  async httpRequest() {
    const port = await listening(http.createServer((request, response) => response.end('x')));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const get = () =>
      new Promise((resolve) => {
        http.get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', resolve));
      });
    return async (count) => {
      for (let n = 0; n < count; n += 1) await get();
    };
  },
  async fetchRequest() {
    const port = await listening(http.createServer((request, response) => response.end('x')));
    return async (count) => {
      for (let n = 0; n < count; n += 1) await (await fetch(`http://127.0.0.1:${port}/`)).text();
    };
  },
  async http2Stream() {
    const http2 = await import('node:http2');
    const server = http2.createServer((request, response) => response.end('x'));
    const session = http2.connect(`http://127.0.0.1:${await listening(server)}`);
    return async (count) => {
      for (let n = 0; n < count; n += 1) await once(session.request({ ':path': '/' }).resume(), 'close');
    };
  },
  async netConnection() {
    const port = await listening(net.createServer((socket) => socket.end()));
    return async (count) => {
      for (let n = 0; n < count; n += 1) await once(net.connect(port, '127.0.0.1').resume(), 'close');
    };
  },
  dnsLookup: () => async (count) => {
    for (let n = 0; n < count; n += 1) await new Promise((resolve) => dns.lookup('127.0.0.1', resolve));
  },
  workerThread: () => async (count) => {
    for (let n = 0; n < count; n += 1) await once(new Worker('', { eval: true }), 'exit');
  },
  childProcess: () => async (count) => {
    for (let n = 0; n < count; n += 1) await once(spawn('/bin/true'), 'close');
  },
  garbageMegabyte: () => (count) => {
    let kept = [];
    for (let n = 0; n < count; n += 1) {
      kept = [];
      for (let k = 0; k < 16_384; k += 1) kept.push({ n, k, text: k });
    }
    return Promise.resolve(kept.length);
  },
  async idleSecond() {
    // The first event, which makes the ring, comes before.
    await sleep(500);
    return (count) => sleep(count * 1000);
  },
  processEmit: () => (count) => {
    for (let n = 0; n < count; n += 1) process.emit('bench', n);
    return Promise.resolve();
  },
  consoleLine: () => (count) => {
    for (let n = 0; n < count; n += 1) console.log('line %d of %s', n, 'many');
    return Promise.resolve();
  },
  pinoLine() {
    const pino = require('pino');
    const logger = pino(
      { base: { pid: 1, name: 'shop' } },
      pino.destination({ fd: nullStream(), sync: true }),
    );
    return (count) => {
      for (let n = 0; n < count; n += 1) logger.info({ order: n }, 'placed');
      return Promise.resolve();
    };
  },
  bunyanLine() {
    const stream = fs.createWriteStream('', { fd: nullStream() });
    const logger = require('bunyan').createLogger({ name: 'shop', stream });
    return async (count) => {
      for (let n = 0; n < count; n += 1) {
        logger.info({ order: n }, 'placed');
        if (n % 64 === 0) await new Promise(setImmediate);
      }
    };
  },
  winstonLine() {
    const winston = require('winston');
    const stream = fs.createWriteStream('', { fd: nullStream() });
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
    return async (count) => {
      for (let n = 0; n < count; n += 1) {
        logger.info('placed', { order: n });
        if (n % 64 === 0) await new Promise(setImmediate);
      }
    };
  },
  fileStatSync: () => (count) => {
    for (let n = 0; n < count; n += 1) fs.statSync('/');
    return Promise.resolve();
  },
  fileStatCallback: () => async (count) => {
    for (let n = 0; n < count; n += 1) await new Promise((resolve) => fs.stat('/', resolve));
  },
  fileStatPromise: () => async (count) => {
    for (let n = 0; n < count; n += 1) await fs.promises.stat('/');
  },
  immediate: () => async (count) => {
    for (let n = 0; n < count; n += 1) await new Promise(setImmediate);
  },
  timeoutSetAndCleared: () => (count) => {
    for (let n = 0; n < count; n += 1) clearTimeout(setTimeout(() => {}, 1000));
    return Promise.resolve();
  },
  moduleLoad() {
    const folder = fs.mkdtempSync(join(tmpdir(), 'spoor-bench-modules-'));
    process.on('exit', () => fs.rmSync(folder, { recursive: true }));
    const file = join(folder, 'module.cjs');
    fs.writeFileSync(file, 'exports.x = 1;');
    return (count) => {
      for (let n = 0; n < count; n += 1) {
        delete require.cache[file];
        require(file);
      }
      return Promise.resolve();
    };
  },
  promiseAwait: () => async (count) => {
    for (let n = 0; n < count; n += 1) await Promise.resolve(n);
  },
  channelMessage() {
    const bench = channel('bench.message');
    return (count) => {
      for (let n = 0; n < count; n += 1) bench.publish({ n, text: 'message' });
      return Promise.resolve();
    };
  },
};

const [, , name, given] = process.argv;
const run = await operations[name]();
let count = Number(given ?? 1);
if (given === undefined) {
  // What is loaded by the first does not count, nor what V8 has not compiled yet.
  const warmUntilMs = performance.now() + 4 * batchMs;
  while (performance.now() < warmUntilMs) await run(1);
  for (;;) {
    const began = performance.now();
    await run(count);
    const tookMs = performance.now() - began;
    if (tookMs >= batchMs) break;
    count = Math.ceil(count * Math.min(8, (1.3 * batchMs) / Math.max(tookMs, 0.01)));
  }
}
const figures = [];
for (let batch = 0; batch < (given === undefined ? batches : 1); batch += 1) {
  const before = process.cpuUsage();
  await run(count);
  const { user, system } = process.cpuUsage(before);
  figures.push(((user + system) * 1000) / count);
}
figures.sort((a, b) => a - b);
process.stderr.write(String(figures[figures.length >> 1]));
process.exit(0);
