/** What a session records of the kernel: its model as `kernel.json` has it. */
import { createHash } from 'node:crypto';
import { SpoorError } from '@spoor/base';
import type { Channel, EventRule, ProcessTracker, Session } from '@spoor/control';
import {
  kernelSessionVersion,
  type KernelChannelDescription,
  type KernelSessionDescription,
  type ProbeRequest,
  type TaskSelection,
} from '@spoor/kernel';
import type { SessionRun } from './describe-session.ts';
import { trackersInNumbers } from './describe-trackers.ts';

/** The column of tasks that an attribute means: users and groups are those of the first user namespace. */
const columns = {
  pid: 'pid',
  vpid: 'vpid',
  uid: 'uid',
  vuid: 'uid',
  gid: 'gid',
  vgid: 'gid',
  pid_ns: 'pid_ns',
} as const;

function selectionsOf(trackers: readonly ProcessTracker[]): readonly TaskSelection[] {
  return trackersInNumbers(trackers).map(({ attribute, values }) => {
    if (attribute === 'cgroup') {
      throw new SpoorError('control/tracker', 'control groups cannot be tracked in the kernel', {
        hint: 'spoor track -k --container NAME, or --pid-ns with the inode of a PID namespace',
      });
    }
    return { column: columns[attribute], values: values.map(Number) };
  });
}

/** What rules take of the kernel. */
export function splitRules(all: readonly EventRule[]): Pick<KernelChannelDescription, 'rules' | 'probes'> {
  const rules: KernelChannelDescription['rules'][number][] = [];
  const probes: ProbeRequest[] = [];
  for (const rule of all) {
    const filter = rule.filter === undefined ? {} : { filter: rule.filter };
    switch (rule.kind) {
      case 'kernel-tracepoint':
        rules.push({ kind: 'tracepoint', name: rule.name, ...filter });
        break;
      case 'kernel-syscall':
        rules.push({ kind: 'syscall', name: rule.name, site: rule.site, ...filter });
        break;
      case 'kernel-kprobe':
      case 'kernel-function':
      case 'kernel-uprobe':
        probes.push({ kind: probeKind(rule.kind), name: rule.name, location: rule.location, ...filter });
        break;
      case 'user-tracepoint':
        break;
      default:
        rule satisfies never;
    }
  }
  return { rules, probes };
}

function probeKind(kind: Extract<EventRule, { readonly location: string }>['kind']): ProbeRequest['kind'] {
  switch (kind) {
    case 'kernel-kprobe':
      return 'kprobe';
    case 'kernel-function':
      return 'function';
    case 'kernel-uprobe':
      return 'uprobe';
    default:
      return kind satisfies never;
  }
}

function describeChannel(channel: Channel): KernelChannelDescription {
  const { name, isEnabled, lossMode, subBufferCount, subBufferSizeBytes, readTimerUs, contexts } = channel;
  const { rawPages } = channel;
  return {
    name,
    isEnabled,
    overwrite: lossMode === 'overwrite',
    ringBytes: subBufferCount * subBufferSizeBytes,
    subBufferBytes: subBufferSizeBytes,
    readIntervalMs: Math.ceil(readTimerUs / 1000),
    traceFileSizeBytes: channel.traceFileSizeBytes,
    traceFileCount: channel.traceFileCount,
    ...sourcesOf(channel),
    ...(rawPages === undefined ? {} : { rawPages }),
    contexts,
    ...splitRules(channel.rules.flatMap(({ rule, isEnabled }) => (isEnabled ? [rule] : []))),
  };
}

/** What it records beside what rings hold. */
function sourcesOf({
  kernelLog,
  counters,
  countersIntervalMs,
  syscallStrings,
}: Channel): Partial<KernelChannelDescription> {
  return {
    ...(kernelLog === undefined ? {} : { kernelLog }),
    ...(counters === undefined ? {} : { counters }),
    ...(countersIntervalMs === undefined ? {} : { countersIntervalMs }),
    ...(syscallStrings === undefined ? {} : { syscallStrings }),
  };
}

/** One UUID for each session, the same whenever it is asked for. */
function uuidOf(seed: string): string {
  const digits = createHash('sha256').update(seed).digest('hex');
  const variant = ((Number.parseInt(digits[16]!, 16) & 3) | 8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}

/** Whether a session has anything of the kernel. */
export function hasKernel({ channels }: Session): boolean {
  return channels.some(({ domain }) => domain === 'kernel');
}

/**
 * `kernel.json` of a session.
 * @param place of the session, by which it differs from those of other daemons.
 * @throws SpoorError `control/tracker`.
 */
export function describeKernel(session: Session, run: SessionRun, place: string): KernelSessionDescription {
  const created = new Date(session.createdMs).toISOString();
  return {
    version: kernelSessionVersion,
    uuid: uuidOf(`${place} ${session.id} ${session.createdMs}`),
    isActive: session.isActive,
    isInMemory: session.mode === 'snapshot' || session.mode === 'no-output',
    clockOffsetNs: run.clockOffsetNs,
    environment: { trace_name: session.name, trace_creation_datetime: created.replace(/\.\d+Z$/, 'Z') },
    stateDumps: run.stateDumps,
    channels: session.channels.filter(({ domain }) => domain === 'kernel').map(describeChannel),
    tasks: selectionsOf(session.trackers.kernel),
  };
}
