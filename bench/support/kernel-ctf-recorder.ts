// Records the kernel as live CTF until a file is there: kernel-ctf-recorder DIRECTORY SUBBUFFER_BYTES RING_BYTES READY_FILE STOP_FILE
import { existsSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KernelRecording } from '@spoor/kernel/node';

const [, , directory = '', subBuffer, ring, ready = '', stop = ''] = process.argv;
const recording = await KernelRecording.prepare({
  directory,
  events: ['sched:sched_switch', 'sched:sched_waking', 'raw_syscalls:*'],
  contexts: [],
  clockOffsetNs: 0n,
  ringBytes: Number(ring),
  subBufferBytes: Number(subBuffer),
  overwrite: false,
  stateDump: false,
  prefix: 'spoorbench',
  onFailure: (error) => {
    throw error;
  },
});
const startCpu = process.cpuUsage();
await recording.begin();
// To look time and again would be in its figures.
const stopped = new Promise<void>((resolve) => {
  const watcher = watch(dirname(stop), () => {
    if (!existsSync(stop)) return;
    watcher.close();
    resolve();
  });
});
writeFileSync(ready, '');
await stopped;
await recording.flush();
const { user, system } = process.cpuUsage(startCpu);
const { eventCount, lostCount, writtenBytes, failures } = await recording.stop();
if (failures.length > 0) throw new Error(failures.join('; '));
console.log(JSON.stringify({ read: eventCount, lost: lostCount, writtenBytes, cpuS: (user + system) / 1e6 }));
