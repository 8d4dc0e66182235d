// Records an instance raw until a file is there: kernel-recorder DIRECTORY SUBBUFFER_BYTES RING_BYTES READY_FILE STOP_FILE
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
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
writeFileSync(ready, '');
while (!existsSync(stop)) await sleep(100);
instance.stop();
await recording.flush();
const { user, system } = process.cpuUsage(startCpu);
const { statistics } = await recording.stop();
const read = statistics.reduce((sum, one) => sum + one.read, 0);
const lost = statistics.reduce((sum, one) => sum + lostOf(one), 0);
console.log(JSON.stringify({ read, lost, cpuS: (user + system) / 1e6 }));
