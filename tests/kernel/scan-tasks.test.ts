// Threads of this process, as the state dump sees them.
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { scanProcess } from '../../packages/kernel/src/statedump/scan-tasks.node.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';

const require = createRequire(new URL('../../packages/sys/package.json', import.meta.url));

describeNeeding([tracefs()], 'threads of a process', () => {
  test('have its namespaces, but for one that has left them', async () => {
    // CLONE_NEWNET is the thread's own: glibc passes it on to no other.
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const c = require(workerData).load(null);
      const result = c.func('int unshare(int)')(0x40000000);
      parentPort.postMessage([result, c.func('int gettid()')()]);
      parentPort.once('message', () => parentPort.close());
    `;
    const worker = new Worker(code, { eval: true, workerData: require.resolve('koffi') });
    const [[result, tid]] = (await once(worker, 'message')) as [[number, number]];
    expect(result).toBe(0);
    const tasks = [...scanProcess(process.pid)];
    const ended = once(worker, 'exit');
    worker.postMessage('end');
    await ended;
    const leader = tasks.find(({ stat }) => stat.tid === process.pid);
    const gone = tasks.find(({ stat }) => stat.tid === tid);
    expect(leader?.namespaces.net).toBeGreaterThan(0);
    expect(gone?.namespaces).toEqual({ ...leader?.namespaces, net: expect.any(Number) as number });
    expect(gone?.namespaces.net).not.toBe(leader?.namespaces.net);
    // One that ended meanwhile has none.
    const others = tasks.filter((task) => task !== leader && task !== gone && task.namespaces.net !== 0);
    expect(others.length).toBeGreaterThan(0);
    for (const { namespaces } of others) expect(namespaces).toEqual(leader?.namespaces);
  });

  test('have its users and numbers, but for one that has become another user', async () => {
    // The C library changes all threads of a process; the system call that of the caller alone.
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const c = require(workerData).load(null);
      const call = c.func('long syscall(long, long, long, long)');
      const result = call(process.arch === 'x64' ? 117 : 147, -1, 1234, -1);
      parentPort.postMessage([result, c.func('int gettid()')()]);
      parentPort.once('message', () => parentPort.close());
    `;
    const worker = new Worker(code, { eval: true, workerData: require.resolve('koffi') });
    const [[result, tid]] = (await once(worker, 'message')) as [[number, number]];
    expect(result).toBe(0);
    const tasks = [...scanProcess(process.pid)];
    const ended = once(worker, 'exit');
    worker.postMessage('end');
    await ended;
    const leader = tasks.find(({ stat }) => stat.tid === process.pid)!;
    for (const { stat, status } of tasks) {
      expect(status.uids.slice(0, 2)).toEqual([0, stat.tid === tid ? 1234 : 0]);
      expect(status.gids).toEqual(leader.status.gids);
      expect(status.tids.at(-1)).toBe(stat.tid);
      expect(status.pids).toEqual(leader.status.pids);
    }
    expect(tasks.some(({ stat }) => stat.tid === tid)).toBe(true);
  });
});
