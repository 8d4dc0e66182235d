/**
 * Looks what of the kernel's tracing works here, by trying each facility in an instance of its own: what a kernel lists,
 * or was built with, may still be refused. Nothing outside of that instance is changed but for probes, which are removed
 * again and were never switched on.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, SpoorError } from '@spoor/base';
import { openElfFile } from '@spoor/elf/node';
import { openThreadCounter } from '@spoor/sys';
import { markerFile } from '../live/marker.node.ts';
import { fileOffsetOf } from '../probes/elf-probes.ts';
import { ProbeGroup } from '../probes/probe-group.node.ts';
import { bpftraceReason } from '../sources/bpftrace.node.ts';
import { controlError, errnoOf, readControl, writeControl } from '../tracefs/control-file.node.ts';
import { TracefsInstance } from '../tracefs/instance.node.ts';
import { findTracefs, listEvents } from '../tracefs/tracefs.node.ts';
import { knownFacilities, type FacilityName, type KernelCapability } from './capability.ts';

/** Where facilities are tried. */
interface Ground {
  readonly root: string;
  readonly instance: TracefsInstance;
  readonly events: readonly string[];
  readonly prefix: string;
}

type Attempt = (ground: Ground) => void;

const aSwitch = 'sched:sched_switch';

/** Opens a file and closes it again. */
function openable(path: string, flags: number): void {
  try {
    closeSync(openSync(path, flags));
  } catch (error) {
    throw controlError('open it', path, error);
  }
}

function lacking(message: string): never {
  throw new SpoorError('kernel/lacking', message);
}

/** Puts a trigger on an event and takes it away. */
function tryTrigger({ instance }: Ground, text: string): void {
  const path = join(instance.path, 'events/sched/sched_switch/trigger');
  writeControl(path, text, `set the trigger ${text.split(':', 1)[0]}`);
  writeControl(path, `!${text}`, 'take the trigger away');
}

function tryTracer({ instance }: Ground, name: string): void {
  const path = join(instance.path, 'current_tracer');
  writeControl(path, name, `use the tracer ${name}`);
  writeControl(path, 'nop', 'use no tracer');
}

function tryDynamicEvent({ root }: Ground, file: string, add: string, remove: string): void {
  const path = join(root, file);
  writeControl(path, add, 'define it', 'append');
  writeControl(path, remove, 'take it away', 'append');
}

/** The group of events that are tried; of this process. */
const triedGroup = `spoor_tried_${process.pid}`;

/** The first byte of this program that is run, which can be probed like any other. */
function entryOfThisProgram(): { readonly path: string; readonly offsetBytes: bigint } {
  const path = realpathSync('/proc/self/exe');
  const elf = openElfFile(path);
  const code = elf.section('.text')?.address;
  const offsetBytes = code === undefined ? undefined : fileOffsetOf(elf, code);
  return offsetBytes === undefined ? lacking(`${path} has no section .text`) : { path, offsetBytes };
}

function tryProbe({ root, prefix }: Ground, kind: 'file' | 'kernel'): void {
  using group = new ProbeGroup(root, 'tried', prefix);
  const place =
    kind === 'file' ? ({ kind, ...entryOfThisProgram() } as const) : ({ kind, symbol: 'vfs_read' } as const);
  group.add({ name: 'tried', place, arguments: [] });
}

function trySymbols(): void {
  const descriptor = openSync('/proc/kallsyms', 'r');
  const bytes = Buffer.alloc(65_536);
  const count = readSync(descriptor, bytes, 0, bytes.length, null);
  closeSync(descriptor);
  if (!/^0*[1-9a-f][0-9a-f]* [tT] /m.test(bytes.toString('latin1', 0, count))) {
    lacking('/proc/kallsyms tells no addresses');
  }
}

/** Longer than the smallest program takes on a busy machine. */
const longestRunMs = 30_000;

function tryBpftrace(): void {
  const { error, stderr, status } = spawnSync('bpftrace', ['-e', 'BEGIN { exit(); }'], {
    encoding: 'utf8',
    timeout: longestRunMs,
  });
  if (error !== undefined) lacking(errnoOf(error) === 'ENOENT' ? 'bpftrace is not installed' : error.message);
  if (status !== 0) lacking(bpftraceReason(stderr));
}

const attempts: Readonly<Record<FacilityName, Attempt>> = {
  instances: () => {
    // That there is a ground to try on says it.
  },
  events: ({ instance, events }) => {
    if (!events.includes(aSwitch)) lacking(`there is no event ${aSwitch}`);
    instance.enable([aSwitch]);
    instance.disable([aSwitch]);
  },
  syscalls: ({ events }) => {
    if (!events.includes('raw_syscalls:sys_enter')) lacking('there is no event raw_syscalls:sys_enter');
  },
  'clock-mono': ({ instance }) => {
    instance.configure({ clock: 'mono' });
  },
  filters: ({ instance }) => {
    instance.setFilter(aSwitch, 'prev_pid == 1');
    instance.setFilter(aSwitch, '');
  },
  threads: ({ instance }) => {
    instance.setThreads([process.pid]);
    instance.setThreads([]);
  },
  'hidden-threads': ({ instance }) => instance.hideThreads([process.pid]),
  'sub-buffers': ({ instance }) => {
    const { subBufferBytes } = instance.configure({ subBufferBytes: 65_536 });
    if (subBufferBytes !== 65_536) lacking(`they stay of ${subBufferBytes} bytes`);
  },
  'kernel-stack': ({ instance }) => instance.setOption('stacktrace', true),
  'user-stack': ({ instance }) => instance.setOption('userstacktrace', true),
  marker: ({ instance }) => {
    // Refused while nothing is recorded.
    instance.start();
    writeControl(join(instance.path, markerFile), 'tried', 'write a mark');
    instance.stop();
  },
  uprobes: (ground) => tryProbe(ground, 'file'),
  kprobes: (ground) => tryProbe(ground, 'kernel'),
  'event-probes': (ground) =>
    tryDynamicEvent(
      ground,
      'dynamic_events',
      `e:${triedGroup}/tried sched/sched_switch tid=$next_pid:s32`,
      `-:${triedGroup}/tried`,
    ),
  'synthetic-events': (ground) =>
    tryDynamicEvent(ground, 'synthetic_events', `${triedGroup} u64 value`, `!${triedGroup} u64 value`),
  histograms: (ground) => tryTrigger(ground, 'hist:keys=prev_pid'),
  snapshot: ({ instance }) => void readControl(join(instance.path, 'snapshot'), 'read it'),
  'function-tracer': (ground) => tryTracer(ground, 'function'),
  'function-graph': (ground) => tryTracer(ground, 'function_graph'),
  'user-events': ({ root }) => openable(join(root, 'user_events_data'), constants.O_RDWR),
  types: () => openable('/sys/kernel/btf/vmlinux', constants.O_RDONLY),
  symbols: trySymbols,
  'kernel-log': () => openable('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK),
  bpftrace: tryBpftrace,
  'software-counters': () => openThreadCounter('context-switches')[Symbol.dispose](),
  'hardware-counters': () => openThreadCounter('instructions')[Symbol.dispose](),
  'previous-boot': () => {
    if (!/\btrace_instance=\S+/.test(readFileSync('/proc/cmdline', 'latin1'))) {
      lacking('the kernel was not started with it');
    }
  },
};

/** What need not be tried where there is no tracefs. */
const withoutTracefs: ReadonlySet<FacilityName> = new Set([
  'types',
  'symbols',
  'kernel-log',
  'bpftrace',
  'software-counters',
  'hardware-counters',
  'previous-boot',
]);

/**
 * Tries every facility; takes some tens of milliseconds. It does not fail: where tracefs cannot be used, that is what the
 * facilities that need it lack.
 * @param prefix beginning of the name of the instance in which they are tried.
 */
export function probeCapabilities(prefix = 'spoor'): readonly KernelCapability[] {
  let instance: TracefsInstance | undefined;
  let ground: Ground | undefined;
  let noGround = '';
  try {
    const root = findTracefs();
    instance = TracefsInstance.create(root, 'tried', prefix);
    ground = { root, instance, events: listEvents(root), prefix };
  } catch (error) {
    noGround = describeError(error);
  }
  try {
    return knownFacilities.map((known) => {
      const attempt = attempts[known.name] as (ground: Ground | undefined) => void;
      if (ground === undefined && !withoutTracefs.has(known.name)) {
        return { ...known, available: false, lack: noGround };
      }
      try {
        attempt(ground);
        return { ...known, available: true };
      } catch (error) {
        return { ...known, available: false, lack: error instanceof Error ? error.message : String(error) };
      }
    });
  } finally {
    instance?.[Symbol.dispose]();
  }
}
