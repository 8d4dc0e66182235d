// Records an instance raw until a file is there: kernel-recorder DIRECTORY SUBBUFFER_BYTES RING_BYTES READY_FILE STOP_FILE
import { existsSync, watch, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { lostOf } from '@spoor/kernel';
import { findTracefs, RawRecording, TracefsInstance } from '@spoor/kernel/node';

const [, , directory = '', subBuffer, ring, ready = '', stop = ''] = process.argv;
using instance = TracefsInstance.create(findTracefs(), 'bench', 'spoorbench');
instance.configure({
  clock: 'mono',
  subBufferBytes: Number(subBuffer),
  ringBytes: Number(ring),
  overwrite: false,
});
const events = instance.enable(['sched:sched_switch', 'sched:sched_waking', 'raw_syscalls:*']);
const recording = await RawRecording.start(instance, directory, { events, kallsyms: false });
const startCpu = process.cpuUsage();
instance.start();
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
instance.stop();
await recording.flush();
const { user, system } = process.cpuUsage(startCpu);
const { statistics } = await recording.stop();
const read = statistics.reduce((sum, one) => sum + one.read, 0);
const lost = statistics.reduce((sum, one) => sum + lostOf(one), 0);
console.log(JSON.stringify({ read, lost, cpuS: (user + system) / 1e6 }));
