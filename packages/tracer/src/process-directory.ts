// The directory in which a traced process and the consumer meet, made by whichever of its threads attaches first.
import { SpoorError } from '@spoor/base';
import {
  EVENTS_FOLDER,
  PROCESS_FILE,
  RINGS_FOLDER,
  RUN_VERSION,
  STATUS_FOLDER,
  USERS_FOLDER,
  makePrivateFolder,
  measureClockOffsetNs,
  processFolder,
  publishFile,
  readProcess,
  type ProcessDescription,
  type SessionDescription,
} from '@spoor/ringbuffer';
import { existsSync, lstatSync, mkdirSync, monotonicNs, ownPid, readFileSync } from '@spoor/sys';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { traceHeader } from './trace-header.ts';

/** Version of the tracer that the environment of its traces names. */
const TRACER_VERSION = { major: 0n, minor: 1n };

/** A process's directory, made and described. */
export interface ProcessDirectory {
  readonly path: string;
  readonly description: ProcessDescription;
}

/**
 * Makes, or finds, the directory of this process in a session's.
 * Throws what the file system throws.
 */
export function openProcessDirectory(
  sessionPath: string,
  session: SessionDescription,
  startTicks: bigint,
): ProcessDirectory {
  const path = join(placeIn(sessionPath, session, startTicks), processFolder(ownPid, startTicks));
  // Made by another thread, it is whole. To describe a process takes milliseconds, the time zone alone most of them.
  if (existsSync(join(path, PROCESS_FILE))) return { path, description: readProcess(path) };
  makePrivateFolder(path);
  for (const folder of [EVENTS_FOLDER, RINGS_FOLDER, STATUS_FOLDER]) makePrivateFolder(join(path, folder));
  const description = describeProcess(session, startTicks);
  const tag = String(monotonicNs());
  const isFirst = publishFile(join(path, PROCESS_FILE), JSON.stringify(description), tag);
  return { path, description: isFirst ? description : readProcess(path) };
}

/** The session's directory; of a session of another user the folder there that only this one can enter. */
function placeIn(sessionPath: string, { ownerUid }: SessionDescription, startTicks: bigint): string {
  const uid = process.geteuid?.();
  if (uid === undefined || ownerUid === undefined || ownerUid === uid) return sessionPath;
  const users = join(sessionPath, USERS_FOLDER);
  // A user who took another one's name there keeps nobody out.
  const names = [`${uid}`, `${uid}.${ownPid}-${startTicks}-${monotonicNs().toString(36)}`];
  for (const name of names) {
    const path = join(users, name);
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = lstatSync(path);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0) return path;
  }
  throw new SpoorError('session/crowded', 'there is no place for programs of this user', { where: users });
}

function describeProcess(session: SessionDescription, startTicks: bigint): ProcessDescription {
  const startedMs = Date.now();
  const uuid = newUuid();
  const procname = basename(process.execPath);
  // Its stream classes are declared as channels are first written to.
  const header = traceHeader({
    uuid,
    environment: environment(session, procname, startedMs),
    clockUuid: bootId(),
    clockOffsetNs:
      session.clockOffsetNs === undefined ? measureClockOffsetNs() : BigInt(session.clockOffsetNs),
  });
  return {
    version: RUN_VERSION,
    pid: ownPid,
    procname,
    uuid,
    startTicks: String(startTicks),
    startedMs,
    header,
  };
}

/** LTTng-UST's names and order of a trace per process, then our own. */
function environment(
  session: SessionDescription,
  procname: string,
  startedMs: number,
): ReadonlyMap<string, string | bigint> {
  const script = process.argv[1];
  const started = isoBasic(startedMs);
  return new Map<string, string | bigint>([
    ['domain', 'ust'],
    ['tracer_name', 'spoor'],
    ['tracer_major', TRACER_VERSION.major],
    ['tracer_minor', TRACER_VERSION.minor],
    ['tracer_buffering_scheme', 'pid'],
    ['tracer_buffering_id', BigInt(ownPid)],
    ['architecture_bit_width', process.arch === 'ia32' || process.arch === 'arm' ? 32n : 64n],
    ['trace_name', session.name],
    ['trace_creation_datetime', started],
    ['hostname', hostName()],
    ['vpid', BigInt(ownPid)],
    ['procname', procname],
    ['vpid_datetime', started],
    ['node_version', process.version],
    ...(script === undefined ? [] : [['node_script', basename(script)] as const]),
  ]);
}

/** From the kernel: to load node:os takes longer. */
function hostName(): string {
  try {
    const name = readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
    if (name !== '') return name;
  } catch {
    // As above.
  }
  return hostname();
}

/** `YYYYmmddTHHMMSS+zzzz` in local time. */
function isoBasic(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const zone = -date.getTimezoneOffset();
  const zoneText = two(Math.floor(Math.abs(zone) / 60)) + two(Math.abs(zone) % 60);
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const time = `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
  return `${day}T${time}${zone < 0 ? '-' : '+'}${zoneText}`;
}

/** From the kernel: loading node:crypto would take longer than all else that is done here. */
function newUuid(): string {
  try {
    const uuid = readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim();
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) return uuid;
  } catch {
    // Some sandboxes hide it.
  }
  return crypto.randomUUID();
}

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
