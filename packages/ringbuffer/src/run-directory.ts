/**
 * The run directory, version 2: how `spoor record`, the traced processes and the consumer meet
 * (docs/design/formats.md). Names, JSON shapes, and the few steps that must be done the same way on both sides.
 */
import { SpoorError } from '@spoor/base';
import {
  existsSync,
  hasProcess,
  linkSync,
  mkdirSync,
  monotonicNs as readMonotonicNs,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from '@spoor/sys';
import { join } from 'node:path';
import type { RingGeometry, RingTier } from './layout.ts';
import { RUN_VERSION, checkSession, type SessionDescription } from './session-description.ts';

/** Environment variable that names a recording's directory to the programs that it traces. */
export const SESSION_VARIABLE = 'SPOOR_SESSION';
/** Environment variable that overrides where recordings' directories are made. */
export const RUN_DIRECTORY_VARIABLE = 'SPOOR_RUN_DIR';

/** Dates of JavaScript end here. */
const LAST_DATE_MS = 8.64e15;

/** Names inside the directory of a recording. */
export const SESSION_FILE = 'session.json';
/** Tells which process takes the rings of the recording over: `pid` and `startTicks`. */
export const CONSUMER_FILE = 'consumer.json';
/** Folder in a session's directory, where others than its user may have programs: `UID` or `UID.ANYTHING` of each user. */
export const USERS_FOLDER = 'users';
/** Names inside the directory of a process. */
export const PROCESS_FILE = 'process.json';
export const EVENTS_FOLDER = 'events';
export const RINGS_FOLDER = 'rings';
export const STATUS_FOLDER = 'status';
/** Folder of a process with what its threads tell of their tracepoints, where a session `lists` them: `TID-COUNT.json`. */
export const TRACEPOINTS_FOLDER = 'tracepoints';

/** `process.json`: what all streams of a process share. */
export interface ProcessDescription {
  readonly version: number;
  readonly pid: number;
  readonly procname: string;
  /** Lower-case, with dashes. */
  readonly uuid: string;
  /** Clock ticks since boot, in decimal (field 22 of /proc/PID/stat). */
  readonly startTicks: string;
  /** When the process attached: milliseconds since the epoch. */
  readonly startedMs: number;
  /** TSDL text before the event classes. */
  readonly header: string;
}

/** One ring of a thread. */
export interface RingStatus extends RingGeometry {
  readonly channel: string;
  /** N of `rings/N.ring`. */
  readonly ring: number;
  readonly tier: RingTier;
}

/** How a rule's filter, or a context of the program's own, fares in one thread. */
export interface FilterStatus {
  /** Names channel and filter or context, the same in each thread. */
  readonly name: string;
  /** Of an event that came, why the filter does not fit it; absent once it fits one. Of a context: that it lacks. */
  readonly unlinked?: string;
  /** Absent of a filter. */
  readonly kind?: 'context';
}

/** `status/N.json`: how tracing fares in one thread; N is of no meaning. */
export interface ThreadStatus {
  readonly tid: number;
  /** `attached`: no event yet, hence no ring. `off`: nothing is recorded, `reason` says why. */
  readonly state: 'attached' | 'recording' | 'off';
  /** Its rings, once it records: one a channel that it emitted into. */
  readonly rings?: readonly RingStatus[];
  /** One line each: why a ring is smaller than asked for, or not mapped, or tracing is off. */
  readonly reasons: readonly string[];
  /** One line each: which events are not recorded although the thread records. */
  readonly missing?: readonly string[];
  /** Filters that events have been tried with. */
  readonly filters?: readonly FilterStatus[];
  /** The revision of the session that it follows; its events of before are in finished sub-buffers. */
  readonly revision?: number;
}

/** Where recordings' directories are made for this user. */
export function runDirectoryRoot(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment[RUN_DIRECTORY_VARIABLE];
  return named !== undefined && named !== '' ? named : `/dev/shm/spoor-${process.getuid?.() ?? 0}`;
}

/** Name of a process's directory: its id and its start time in clock ticks, so that a reused id is another name. */
export function processFolder(pid: number, startTicks: bigint): string {
  return `${pid}-${startTicks}`;
}

/**
 * Start time of a process, or of one of its threads, in clock ticks since boot (the same in all time namespaces); undefined when it is gone (a
 * process that only waits for its parent counts as gone), or cannot be looked at.
 */
export function startTicks(pid: number, tid?: number): bigint | undefined {
  const found = readStartTicks(pid, tid);
  return found === 'unreadable' ? undefined : found;
}

/**
 * Whether a process, or one of its threads, that started at `ticks` (undefined: not known) still runs. Where that cannot be read, as without a
 * free descriptor, one that has its number is taken for it: what is done for the dead must not happen to the living.
 */
export function runsSince(ticks: bigint | undefined, pid: number, tid?: number): boolean {
  const found = readStartTicks(pid, tid);
  if (found === 'unreadable') return existsSync(folderOf(pid, tid)) || isHidden(pid);
  return ticks === undefined ? found !== undefined : found === ticks;
}

/**
 * The same of the process that asks, by what it is known as in the /proc that it sees: without one of its own, a process of a PID
 * namespace finds another one there under the number that it knows.
 */
export function ownStartTicks(): bigint | undefined {
  const found = readStartTicks('self', undefined);
  return found === 'unreadable' ? undefined : found;
}

/** How much later than in the machine's own time namespace whoever reads /proc sees processes start, in clock ticks. */
let offsetTicks: bigint | undefined;

function readOffsetTicks(): bigint {
  try {
    const [, seconds, nanoseconds] =
      /^boottime\s+(-?\d+)\s+(\d+)/m.exec(readFileSync('/proc/self/timens_offsets', 'utf8')) ?? [];
    if (seconds === undefined || nanoseconds === undefined) return 0n;
    return BigInt(seconds) * 100n + BigInt(nanoseconds) / 10_000_000n;
  } catch {
    // A kernel without time namespaces.
    return 0n;
  }
}

/** Whether a process lives of which /proc shows nothing: mounted with `hidepid=2` it hides others' and those that gained privileges. */
function isHidden(pid: number | 'self'): boolean {
  return pid !== 'self' && pid > 0 && !existsSync(`/proc/${pid}`) && hasProcess(pid);
}

function folderOf(pid: number | 'self', tid: number | undefined): string {
  return tid === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${tid}`;
}

function readStartTicks(pid: number | 'self', tid: number | undefined): bigint | 'unreadable' | undefined {
  let stat: string;
  try {
    stat = readFileSync(`${folderOf(pid, tid)}/stat`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return (code === 'ENOENT' || code === 'ESRCH') && !isHidden(pid) ? undefined : 'unreadable';
  }
  // The name in field 2 may hold anything; fields are counted from its closing parenthesis: state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const ticks = fields[19];
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  offsetTicks ??= readOffsetTicks();
  return BigInt(ticks) - offsetTicks;
}

/**
 * Reads `session.json`, or `file` in its place.
 * @throws SpoorError `session/missing`, `session/malformed` or `session/version`.
 */
export function readSession(folder: string, file: string = SESSION_FILE): SessionDescription {
  const path = join(folder, file);
  return checkSession(readJson(path, 'session'), path);
}

/**
 * Reads `process.json` of a process's directory.
 * @throws SpoorError `process/missing`, `process/malformed` or `process/version`.
 */
export function readProcess(folder: string): ProcessDescription {
  const path = join(folder, PROCESS_FILE);
  return checkProcess(readJson(path, 'process'), path);
}

/**
 * The same of the text of `process.json`, which lies at `path`.
 * @throws SpoorError `process/malformed` or `process/version`.
 */
export function parseProcess(text: string, path: string): ProcessDescription {
  return checkProcess(parseJson(text, 'process', path), path);
}

function checkProcess(value: object, path: string): ProcessDescription {
  const description = value as Partial<ProcessDescription>;
  checkVersion(description.version, path, 'process');
  const { pid, procname, startedMs, header } = description;
  // What the program says of itself becomes names of directories.
  const isSound =
    Number.isSafeInteger(pid) &&
    typeof procname === 'string' &&
    typeof startedMs === 'number' &&
    Math.abs(startedMs) < LAST_DATE_MS &&
    typeof header === 'string';
  if (isSound) return description as ProcessDescription;
  throw new SpoorError('process/malformed', 'the process description lacks what it must have', {
    where: path,
  });
}

/** Writes a file that others see whole or not at all; false when the name is taken. */
export function publishFile(path: string, text: string, tag: string): boolean {
  const draft = `${path}.${tag}.draft`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/**
 * Makes a directory for this user alone; it may exist, and that which it lies in does: what a session that is over had in
 * the run directory must not come again. Throws what the file system throws.
 */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Nanoseconds from the Unix epoch to the origin of the monotonic clock, as of now, to about a microsecond.
 */
export function measureClockOffsetNs(): bigint {
  // performance.timeOrigin has microseconds where Date.now has milliseconds, but keeps the wall clock of the
  // program's start: the difference of both shows whether the wall clock was set since.
  const sinceOriginNs = BigInt(Math.round(performance.now() * 1e6));
  const monotonicNs = readMonotonicNs();
  const wallNs = BigInt(Math.round(performance.timeOrigin * 1e3)) * 1000n + sinceOriginNs;
  const coarseNs = BigInt(Date.now()) * 1_000_000n;
  const drift = wallNs - coarseNs;
  const isSound = drift > -2_000_000n && drift < 2_000_000n;
  return (isSound ? wallNs : coarseNs) - monotonicNs;
}

function readJson(path: string, what: string): object {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SpoorError(`${what}/missing`, `cannot read the ${what} description`, {
      where: path,
      cause: error,
    });
  }
  return parseJson(text, what, path);
}

function parseJson(text: string, what: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    throw new SpoorError(`${what}/malformed`, `cannot parse the ${what} description`, {
      where: path,
      cause: error,
    });
  }
  throw new SpoorError(`${what}/malformed`, `the ${what} description is not an object`, { where: path });
}

function checkVersion(version: number | undefined, where: string, what: string): void {
  if (version !== RUN_VERSION) {
    throw new SpoorError(
      `${what}/version`,
      `cannot use the ${what} description of version ${String(version)}, only version ${RUN_VERSION}`,
      { where, hint: 'the recording was started by another release of spoor' },
    );
  }
}

/** A field of a tracepoint, with LTTng's word for its type. */
export interface ListedField {
  readonly name: string;
  readonly type: 'integer' | 'enum' | 'float' | 'string' | 'unknown';
}

/** A tracepoint of a program. */
export interface ListedTracepoint {
  readonly name: string;
  readonly logLevel: number;
  readonly fields: readonly ListedField[];
}

/** `tracepoints/TID-COUNT.json`: all that the thread has by then. */
export interface ThreadTracepoints {
  readonly procname: string;
  readonly tracepoints: readonly ListedTracepoint[];
}
