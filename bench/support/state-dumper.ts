// Dumps the state of the machine as events into memory, some times over: state-dumper ROUNDS
import { createTraceWriter } from '@spoor/ctf';
import { KernelTranscoder, stateDumpEvents } from '@spoor/kernel';
import { dumpState, findTracefs, readFormats } from '@spoor/kernel/node';

const rounds = Number(process.argv[2] ?? 1);
const aSwitch = 'sched:sched_switch';
const formats = readFormats(findTracefs(), { wants: (name) => name === aSwitch });
const { traceClass } = new KernelTranscoder(formats, {
  naming: 'lttng',
  machine: 'x86_64',
  facts: { uuid: '00000000-0000-4000-8000-000000000000', clockOffsetNs: 0n, environment: new Map() },
  wants: (name) => name === aSwitch,
  contexts: [],
  moreEvents: stateDumpEvents,
});
const dumpClass = { ...traceClass, streamClasses: traceClass.streamClasses.slice(1) };
const nowhere = { create: () => ({ write: () => undefined, close: () => undefined }) };
let threads = 0;
let descriptors = 0;
let cpuUs = 0;
let firstUsPerThread = 0;
/** As many until the compiler is done with what they run. */
const warmups = 6;
for (let round = 0; round < warmups + rounds; round++) {
  const stream = createTraceWriter(dumpClass, nowhere, { index: true }).stream({
    id: 0,
    name: 'statedump',
    packet: { context: { cpu_id: 0 } },
  });
  const before = process.cpuUsage();
  const { taskCount, descriptorCount } = await dumpState(stream);
  const { user, system } = process.cpuUsage(before);
  stream.close();
  if (round === 0) firstUsPerThread = (user + system) / taskCount;
  if (round < warmups) continue;
  threads += taskCount;
  descriptors += descriptorCount;
  cpuUs += user + system;
}
console.log(JSON.stringify({ threads, descriptors, cpuS: cpuUs / 1e6, firstUsPerThread }));
