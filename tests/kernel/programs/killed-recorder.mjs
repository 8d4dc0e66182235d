// Records the kernel until it is killed: killed-recorder.mjs DIRECTORY PREFIX [OPTIONS AS JSON]. Says where marks go once it records.
import { KernelRecording } from '@spoor/kernel/node';

const [directory, prefix, more = '{}'] = process.argv.slice(2);
const recording = await KernelRecording.prepare({
  directory,
  prefix,
  events: ['sched_process_exec'],
  contexts: ['procname', 'pid'],
  clockOffsetNs: 0n,
  ...JSON.parse(more),
});
await recording.begin();
console.log(recording.markerPath);
setInterval(() => undefined, 1000);
