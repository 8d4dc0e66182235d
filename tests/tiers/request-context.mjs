// Requests side by side, each going through many kinds of asynchronous execution. At every step the tracer's request is
// held against a storage of the program's own, and asked for twice. Prints how many steps there were, and all that differ.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter, once } from 'node:events';
import { readFile, stat } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const { currentRequest } = await import(process.argv[2]);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const own = new AsyncLocalStorage();
let steps = 0;
const different = [];
function step(what) {
  steps += 1;
  const wanted = own.getStore() ?? 0;
  const got = [currentRequest(), currentRequest()];
  if (got[0] !== wanted || got[1] !== wanted) different.push(`${what}: ${got} instead of ${wanted}`);
}

const callback = (start) => new Promise((resolve) => start(resolve));
/** Callbacks that another request, or none, may be the one to call. */
const shared = [];
const emitter = new EventEmitter();
const outside = new AsyncResource('OUTSIDE');
emitter.on('told', () => step('listener'));

async function walk() {
  step('begin');
  await Promise.resolve();
  step('await');
  process.nextTick(() => step('tick'));
  queueMicrotask(() => step('microtask'));
  await callback(setImmediate);
  step('after an immediate');
  await Promise.all([
    sleep(1).then(() => step('promised timer')),
    callback((done) => setTimeout(() => done(), 1)),
  ]);
  step('after timers');
  await callback((done) => stat('/', done));
  step('after stat');
  await callback((done) => readFile(process.argv[1], done));
  step('after a file');
  const resource = new AsyncResource('OWN');
  shared.push(() => resource.runInAsyncScope(() => step('own resource, called by anyone')));
  shared.push(AsyncLocalStorage.snapshot === undefined ? () => {} : bindStep());
  outside.runInAsyncScope(() => {
    const wanted = currentRequest();
    if (wanted !== 0) different.push(`outside: ${wanted}`);
    own.exit(() => step('outside'));
  });
  step('after another resource');
  emitter.emit('told');
  for (const call of shared.splice(0, 2)) call();
  step('after calls of others');
  own.run(own.getStore(), () => step('run again'));
  for await (const _ of (async function* () {
    step('generator');
    yield 1;
    step('generator again');
  })()) {
    step('loop');
  }
  try {
    await Promise.reject(new Error('caught'));
  } catch {
    step('catch');
  } finally {
    step('finally');
  }
  collect();
  step('after a collection');
}

function bindStep() {
  const run = AsyncLocalStorage.snapshot();
  return () => run(() => step('snapshot, called by anyone'));
}

/** The tracer counts them as they come, too. */
let handled = 0;
const server = http.createServer((request, response) => {
  handled += 1;
  own.enterWith(handled);
  step('handler');
  request.on('data', () => step('body'));
  request.on('end', () => {
    step('end of the body');
    void walk().then(() => {
      step('walked');
      response.end('done');
    });
  });
  response.on('finish', () => step('finish'));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const post = () =>
  new Promise((resolve) => {
    const to = { host: '127.0.0.1', port, agent, method: 'POST' };
    const request = http.request(to, (response) => response.resume().on('end', resolve));
    request.write('one');
    setTimeout(() => request.end('two'), 2);
  });
for (let round = 0; round < 5; round += 1) {
  await Promise.all(Array.from({ length: 8 }, post));
  step('between rounds');
}
// Several of them in one turn of one connection, which is one execution.
const socket = net.connect(port, '127.0.0.1');
const head = 'GET / HTTP/1.1\r\nhost: a\r\n';
socket.end(`${head}\r\n${head}\r\n${head}connection: close\r\n\r\n`);
await once(socket.resume(), 'close');
agent.destroy();
server.close();
console.log(JSON.stringify({ isAsked: steps > 1000, different: [...new Set(different)] }));
