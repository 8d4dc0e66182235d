// Takes a snapshot of a kernel flight recorder whose rings are full: kernel-flight-recorder FOLDER RING_BYTES LOAD
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { KernelSession, RingReaders } from '@spoor/kernel/node';
import { kernelFlight } from '../../tests/support/kernel-flight.ts';

const [, , folder = '', ring, load = ''] = process.argv;
const directory = join(folder, 'session');
mkdirSync(directory);
const readers = new RingReaders();
const session = new KernelSession({
  directory,
  readers,
  hidden: [],
  prefix: 'spoorbench',
  onNote: (severity, text) => {
    if (severity === 'error') throw new Error(text);
  },
});
await session.apply(
  kernelFlight(Number(ring), 65_536, [
    { kind: 'tracepoint', name: 'sched_*' },
    { kind: 'syscall', name: '*', site: 'entry+exit' },
  ]),
  undefined,
);
const samples: { readonly tookMs: number; readonly events: number; readonly megabytes: number }[] = [];
// The first of a process has its compilation, too.
for (const name of ['first', 'second']) {
  spawnSync(load, ['2', '60000']);
  const beganMs = performance.now();
  const { eventCount, sizeBytes } = await session.snapshot(join(folder, name), null);
  samples.push({ tookMs: performance.now() - beganMs, events: eventCount, megabytes: sizeBytes / 1e6 });
}
await session.finish();
await readers.close();
console.log(JSON.stringify({ firstMs: samples[0]!.tookMs, ...samples[1]! }));
