import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const moduleUrl = pathToFileURL(join(import.meta.dirname, '../dist/hub-watch.js')).href;

/** What a program prints whose threads have the class; it must end by itself. */
async function output(program: string): Promise<string> {
  const text = `
    const { Worker, isMainThread, parentPort } = process.getBuiltinModule('node:worker_threads');
    const { HubWatch } = await import(${JSON.stringify(moduleUrl)});
    const hour = 3_600_000;
    ${program}
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text]);
  return stdout;
}

const inWorkers = (code: string): string =>
  JSON.stringify(
    `import('node:worker_threads').then(async ({ parentPort }) => {
      const { HubWatch } = await import(${JSON.stringify(moduleUrl)});
      const hour = 3_600_000;
      ${code}
    })`,
  );

test('the main thread tells the others, also those that tell nobody else, and no program lives on for it', async () => {
  const worker = inWorkers(`
    let looks = 0;
    const watch = new HubWatch(hour, () => { looks += 1; parentPort.postMessage(looks); if (looks === 2) watch.end(); return true; });
    parentPort.postMessage('ready');
    parentPort.once('message', () => {});
  `);
  const printed = await output(`
    const workers = [1, 2].map(() => new Worker(${worker}, { eval: true }));
    const heard = [0, 0];
    const isTold = (times) => new Promise((settle) => {
      const look = () => heard.every((count) => count >= times) && settle();
      workers.forEach((each) => each.on('message', look));
      look();
    });
    workers.forEach((each, index) => each.on('message', (message) => { if (message !== 'ready') heard[index] = message; }));
    await Promise.all(workers.map((each) => new Promise((settle) => each.once('message', settle))));
    let news = 1;
    new HubWatch(5, () => news-- > 0);
    await isTold(1);
    news = 1;
    await isTold(2);
    // They look no more.
    news = 1;
    for (const each of workers) each.postMessage('end');
    await Promise.all(workers.map((each) => new Promise((settle) => each.once('exit', settle))));
    console.log(heard.join(' '));
  `);
  expect(printed).toBe('2 2\n');
});

test('a worker that nobody tells looks for itself, and tells its like', async () => {
  const leader = inWorkers(`
    let looks = 0;
    new HubWatch(2, () => { looks += 1; if (looks === 60) parentPort.postMessage(looks); return looks === 20; });
    parentPort.once('message', () => {});
  `);
  const follower = inWorkers(`
    new HubWatch(hour, () => { parentPort.postMessage('told'); return false; });
    parentPort.postMessage('ready');
    parentPort.once('message', () => {});
  `);
  const printed = await output(`
    const next = (worker) => new Promise((settle) => worker.once('message', settle));
    const follower = new Worker(${follower}, { eval: true });
    console.log(await next(follower));
    const told = next(follower);
    const leader = new Worker(${leader}, { eval: true });
    console.log(await next(leader));
    console.log(await told);
    for (const each of [leader, follower]) each.postMessage('end');
  `);
  expect(printed).toBe('ready\n60\ntold\n');
});

test('an ended watch of the main thread tells what its last look has found', async () => {
  const worker = inWorkers(`
    new HubWatch(hour, () => { parentPort.postMessage('told'); return false; });
    parentPort.postMessage('ready');
    parentPort.once('message', () => {});
  `);
  const printed = await output(`
    const worker = new Worker(${worker}, { eval: true });
    const next = () => new Promise((settle) => worker.once('message', settle));
    await next();
    let looks = 0;
    const told = next();
    const watch = new HubWatch(2, () => { looks += 1; watch.end(); return true; });
    console.log(await told, looks);
    worker.postMessage('end');
  `);
  expect(printed).toBe('told 1\n');
});
