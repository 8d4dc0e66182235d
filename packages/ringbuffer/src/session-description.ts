/**
 * `session.json`, version 2: what a recording asks of the programs that it traces. Its shape, the defaults of its parts,
 * and the check that a program makes before it believes it (docs/design/formats.md).
 */
import { SpoorError } from '@spoor/base';
import { isValidGeometry, type RingGeometry, type RingMode } from './layout.ts';

/** Version of the run directory and of all that lies in it. */
export const RUN_VERSION = 2;

/** Which log levels an event rule takes: `only` this number, or `at-least` as severe, which is this number or less. */
export interface LogLevelRule {
  readonly kind: 'at-least' | 'only';
  readonly level: number;
}

/** Which events a channel records, as lttng-event-rule(7) has it. An event that any rule of a channel takes is recorded. */
export interface EventRule {
  /** Event name with stars. */
  readonly name: string;
  /** Names, with stars, of events that are left out all the same. */
  readonly exclude: readonly string[];
  readonly logLevel?: LogLevelRule;
  /** Expression over fields and contexts (@spoor/filter). */
  readonly filter?: string;
}

/** Where a full ring stands with a program that emits: time without limit. */
export const BLOCK_WITHOUT_LIMIT = -1;

/** A channel: rings of one geometry and loss mode, one a thread that emits into it. */
export interface ChannelDescription extends RingGeometry {
  /** Names its stream files. */
  readonly name: string;
  readonly mode: RingMode;
  /**
   * Microseconds that an event which finds the ring full waits for room; 0 not at all, {@link BLOCK_WITHOUT_LIMIT}.
   * Only in discard mode.
   */
  readonly blockingTimeoutUs: number;
  /** Names of context fields that each of its events has, as lttng-add-context(1) writes them. */
  readonly contexts: readonly string[];
  readonly rules: readonly EventRule[];
  /** How often the consumer writes open sub-buffers out, in microseconds; 0 never. */
  readonly switchTimerUs?: number;
  /** How often the consumer looks at least, in microseconds; 0 leaves that to it. */
  readonly readTimerUs?: number;
  /** Largest trace file, after which the next begins; 0 without limit. */
  readonly traceFileSizeBytes?: number;
  /** How many trace files a stream has before the oldest is overwritten; 0 without limit. */
  readonly traceFileCount?: number;
}

/** Events that are counted, without a ring. */
export interface CountDescription {
  /** Where the counts go: `counts/MAP` of the process's directory. */
  readonly map: string;
  /** What an event counts under: a template of @spoor/filter's names. */
  readonly key: string;
  /** Most keys that the map of one process has; events with others are not counted. */
  readonly maxKeys: number;
  readonly rules: readonly EventRule[];
}

/** Which processes a session records: those whose attribute is one of the values. */
export interface TrackerDescription {
  readonly attribute: 'pid' | 'vpid' | 'uid' | 'vuid' | 'gid' | 'vgid' | 'cgroup';
  /** Numbers; of `cgroup` paths with stars. */
  readonly values: readonly (number | string)[];
}

/** What `spoor record` asks of the programs that it traces. */
export interface SessionDescription {
  readonly version: number;
  readonly name: string;
  /** Whether automatic events are wanted. */
  readonly auto: boolean;
  /** Where the trace goes; of no concern to the traced program. */
  readonly outputDir: string;
  readonly channels: readonly ChannelDescription[];
  /** Most bytes that the rings of one process may take together; without it a quarter of what is free, each. */
  readonly maxMemoryBytes?: number;
  /**
   * Nanoseconds from the Unix epoch to the origin of the monotonic clock, in decimal. One value for all processes
   * of a recording keeps their events in order; a process measures its own when it is absent.
   */
  readonly clockOffsetNs?: string;
  /**
   * Number of a session of a hub that grows with each change. A thread that took a change over notes the number in its
   * status, after it has finished the open sub-buffers of channels without rules.
   */
  readonly revision?: number;
  /** When it grows, threads emit again what they told at their begin. */
  readonly stateDumps?: number;
  /** How often threads were asked to finish their open sub-buffers, because the consumer cannot take what is in them. */
  readonly handOvers?: number;
  /** Whether who reads the rings is woken when an event comes into one (see `ReaderWaker`). */
  readonly wakes?: boolean;
  /** Whether threads tell of their tracepoints, in the folder `tracepoints` of their process. */
  readonly lists?: boolean;
  readonly counts?: readonly CountDescription[];
  /** Set where programs of other users may join, each in a folder of its user below `users`: whose session it is. */
  readonly ownerUid?: number;
  /** Whose rights the trace is written with, where not its consumer's; of no concern to the traced program. */
  readonly writer?: { readonly uid: number; readonly gid: number };
  /** All of them must include a process for it to have a part in the session; without any, all processes have. */
  readonly trackers?: readonly TrackerDescription[];
}

/** A channel with what is usual where `settings` say nothing: `ch0`, discard, 16 × 256 KiB, every event. */
export function makeChannel(settings: Partial<ChannelDescription> = {}): ChannelDescription {
  return {
    name: 'ch0',
    mode: 'discard',
    blockingTimeoutUs: 0,
    subBufferSizeBytes: 256 * 1024,
    subBufferCount: 16,
    contexts: [],
    rules: [{ name: '*', exclude: [] }],
    ...settings,
  };
}

/** Channel names become file names. */
const channelName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** Whether a channel can bear this name. */
export function isChannelName(name: string): boolean {
  return channelName.test(name);
}

/**
 * Checks what was parsed from `session.json`.
 * @throws SpoorError `session/version`, `session/malformed`.
 */
export function checkSession(value: object, where: string): SessionDescription {
  const session = value as Partial<SessionDescription>;
  if (session.version !== RUN_VERSION) {
    throw new SpoorError(
      'session/version',
      `cannot use the session description of version ${String(session.version)}, only version ${RUN_VERSION}`,
      { where, hint: 'the recording was started by another release of spoor' },
    );
  }
  const wrong =
    typeof session.name !== 'string'
      ? 'name'
      : typeof session.auto !== 'boolean'
        ? 'auto'
        : typeof session.outputDir !== 'string'
          ? 'outputDir'
          : !(session.maxMemoryBytes === undefined || typeof session.maxMemoryBytes === 'number')
            ? 'maxMemoryBytes'
            : !Array.isArray(session.channels)
              ? 'channels'
              : (wrongChannel(session.channels as readonly unknown[]) ?? wrongExtra(session));
  if (wrong !== undefined) {
    throw new SpoorError('session/malformed', `cannot use the session: \`${wrong}\` makes no sense`, {
      where,
    });
  }
  return session as SessionDescription;
}

/** Where the first thing that makes no sense lies. */
function wrongChannel(channels: readonly unknown[]): string | undefined {
  const names = new Set<string>();
  for (const [index, value] of channels.entries()) {
    const at = `channels[${index}]`;
    if (typeof value !== 'object' || value === null) return at;
    const channel = value as Partial<ChannelDescription>;
    const { name, mode, blockingTimeoutUs, contexts, rules } = channel;
    if (typeof name !== 'string' || !isChannelName(name) || names.has(name)) return `${at}.name`;
    names.add(name);
    if (mode !== 'discard' && mode !== 'overwrite') return `${at}.mode`;
    if (typeof blockingTimeoutUs !== 'number' || blockingTimeoutUs < BLOCK_WITHOUT_LIMIT) {
      return `${at}.blockingTimeoutUs`;
    }
    if (mode === 'overwrite' && blockingTimeoutUs !== 0) return `${at}.blockingTimeoutUs`;
    if (!isValidGeometry(channel as RingGeometry)) return `${at}.subBufferSizeBytes`;
    if (!isTextList(contexts)) return `${at}.contexts`;
    if (!Array.isArray(rules) || !rules.every(isRule)) return `${at}.rules`;
  }
  return undefined;
}

/** The first of the members that most sessions do without which makes no sense. */
function wrongExtra({
  wakes,
  lists,
  counts = [],
  trackers = [],
  ownerUid,
  writer,
}: Partial<SessionDescription>): string | undefined {
  if (wakes !== undefined && typeof wakes !== 'boolean') return 'wakes';
  if (lists !== undefined && typeof lists !== 'boolean') return 'lists';
  if (ownerUid !== undefined && !Number.isSafeInteger(ownerUid)) return 'ownerUid';
  if (writer !== undefined && !(Number.isInteger(writer.uid) && Number.isInteger(writer.gid)))
    return 'writer';
  if (!Array.isArray(counts) || !counts.every(isCount)) return 'counts';
  if (!Array.isArray(trackers) || !trackers.every(isTracker)) return 'trackers';
  return undefined;
}

function isCount(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { map, key, maxKeys, rules } = value as Partial<CountDescription>;
  return (
    typeof map === 'string' &&
    isChannelName(map) &&
    typeof key === 'string' &&
    Number.isInteger(maxKeys) &&
    Array.isArray(rules) &&
    rules.every(isRule)
  );
}

const attributes: readonly unknown[] = ['pid', 'vpid', 'uid', 'vuid', 'gid', 'vgid', 'cgroup'];

function isTracker(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { attribute, values } = value as Partial<TrackerDescription>;
  const kind = attribute === 'cgroup' ? 'string' : 'number';
  return (
    attributes.includes(attribute) && Array.isArray(values) && values.every((one) => typeof one === kind)
  );
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isRule(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, exclude, logLevel, filter } = value as Partial<EventRule>;
  return (
    typeof name === 'string' &&
    isTextList(exclude) &&
    (filter === undefined || typeof filter === 'string') &&
    (logLevel === undefined ||
      ((logLevel.kind === 'at-least' || logLevel.kind === 'only') && Number.isInteger(logLevel.level)))
  );
}
