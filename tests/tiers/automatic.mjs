// A bit of everything that automatic events tell of: HTTP, DNS, files, timers, a worker, a child, the console, modules.
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Worker, isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const server = createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  for (let n = 0; n < 5; n += 1) await (await fetch(`http://127.0.0.1:${port}/${n}`)).text();
  await new Promise((done) => server.close(done));
  await new Promise((done) => lookup('127.0.0.1', done));
  await readFile(new URL(import.meta.url));
  await new Promise((done) => setTimeout(done, 5));
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((done) => worker.once('exit', done));
  await new Promise((done) => execFile(process.execPath, ['-e', ''], done));
  process.on('uncaughtExceptionMonitor', () => console.log('about to end'));
  void Promise.reject(new Error('on purpose'));
} else {
  console.log('in a worker');
}
