/**
 * Where a recording's programs, its consumer and the command meet: one directory per recording in shared memory.
 * The session's own files are here; what a traced process puts below is the tracer's (docs/design/formats.md).
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SpoorError } from '@spoor/base';
import {
  CONSUMER_FILE,
  RUN_VERSION,
  SESSION_FILE,
  type SessionDescription,
  measureClockOffsetNs,
  readSession,
} from '@spoor/ringbuffer';
import { makeWithParents } from './output-directory.ts';
import {
  type ProcessIdentity,
  isProcessAlive,
  ownIdentity,
  parseIdentity,
  pidNamespace,
} from './process-identity.ts';
import { processesOfUsers } from './other-users.ts';
import { isGone, removeDirectory } from './removal.ts';

/** The content of `session.json` with what only `spoor record` and its consumer read. */
export interface RecordingSession extends SessionDescription {
  /** The `spoor record` that made it. */
  readonly owner: ProcessIdentity;
}

/** Where the consumer keeps, in a process's directory, which trace directory it chose: below that of the output. */
export const OUTPUT_FILE = 'output';

const endedSessionFile = 'session.ended.json';
/** Its size, always the same. */
const consumerFileBytes = 128;
const sessionName = /^(\d+)-(\d+)-(\d+)(?:-\d+)?(?:\.gone)?$/;
const processName = /^(\d+)-(\d+)$/;

/** Free bytes below which a program cannot even say why it is not recorded. */
const leastFreeBytes = 16 * 1024;

/** The error of a recording without shared memory. */
export function noMemory(where: string, cause?: unknown): SpoorError {
  return new SpoorError('record/no-shared-memory', 'no shared memory is left', {
    where,
    hint: 'free some of it, or set SPOOR_RUN_DIR to a directory on a larger tmpfs',
    cause,
  });
}

/** The error of a directory in shared memory that cannot be made. */
export function memoryError(where: string, cause: unknown): SpoorError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') return noMemory(where, cause);
  return new SpoorError('record/run-directory', 'cannot make the directory in shared memory', {
    where,
    hint: 'set SPOOR_RUN_DIR to a directory of your own on a tmpfs',
    cause,
  });
}

/** Places that belong to all users even while nothing is in them. */
const placesOfAll: ReadonlySet<string> = new Set(['/tmp', '/var/tmp', '/dev/shm']);

/**
 * Makes the directory of all recordings if it is not there, and makes sure that nobody else may write to it.
 * @throws SpoorError `record/run-directory`, `record/run-directory-unsafe`, `record/no-shared-memory`.
 */
export function ensureRunDirectory(path: string): void {
  try {
    if (!existsSync(path)) makeWithParents(resolve(path), 0o700);
  } catch (error) {
    // Another recording may have made it at the same time.
    if (!existsSync(path)) throw memoryError(path, error);
  }
  const found = lstatSync(path);
  const uid = process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== uid) {
    throw new SpoorError('record/run-directory-unsafe', 'the directory in shared memory is not your own', {
      where: path,
      hint: 'remove it, or set SPOOR_RUN_DIR to a directory of your own',
    });
  }
  // As /tmp has it: it belongs to all, whoever owns it. A tmpfs that was mounted for this and is empty looks alike.
  const isShared = (found.mode & 0o1002) === 0o1002;
  if (isShared && (placesOfAll.has(resolve(path)) || readdirSync(path).length > 0)) {
    throw new SpoorError('record/run-directory-unsafe', 'the directory in shared memory is for all users', {
      where: path,
      hint: 'set SPOOR_RUN_DIR to a directory of your own in it',
    });
  }
  if ((found.mode & 0o022) !== 0) chmodSync(path, found.mode & 0o755);
}

/** `PIDNAMESPACE-PID-STARTTIME` of this process, with a number behind it if that is taken. */
function freeSessionPath(runDirectory: string): string {
  const { pid, startTicks } = ownIdentity();
  const stem = join(runDirectory, `${pidNamespace()}-${pid}-${startTicks}`);
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? stem : `${stem}-${number}`;
    if (!existsSync(path)) return path;
  }
}

/** One recording's directory. */
export class SessionDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes the directory and `session.json`.
   * @throws SpoorError `record/no-shared-memory`, `record/run-directory`.
   */
  static create(
    runDirectory: string,
    session: Omit<RecordingSession, 'version' | 'owner' | 'clockOffsetNs'>,
  ): SessionDirectory {
    const owner = ownIdentity();
    const path = freeSessionPath(runDirectory);
    try {
      mkdirSync(path, { mode: 0o700 });
      const clockOffsetNs = String(measureClockOffsetNs());
      const description: RecordingSession = { version: RUN_VERSION, ...session, clockOffsetNs, owner };
      // Whole or absent: programs may look at any time.
      const draft = join(path, '.session.json');
      writeFileSync(draft, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, join(path, SESSION_FILE));
      // Its memory is taken now: later there may be none, and a consumer has to be able to say who it is.
      writeFileSync(join(path, CONSUMER_FILE), ' '.repeat(consumerFileBytes), { mode: 0o600 });
    } catch (error) {
      rmSync(path, { recursive: true, force: true });
      throw memoryError(path, error);
    }
    return new SessionDirectory(path);
  }

  /**
   * Reads `session.json`, also that of an ended session.
   * @throws SpoorError `session/malformed`, or `session/version` when another release made it.
   */
  readDescription(): RecordingSession {
    const ended = existsSync(join(this.path, endedSessionFile));
    return readSession(this.path, ended ? endedSessionFile : SESSION_FILE) as RecordingSession;
  }

  /** From now on no further process joins the session: they look for `session.json`, which is renamed. */
  end(): void {
    const path = join(this.path, SESSION_FILE);
    if (existsSync(path)) renameSync(path, join(this.path, endedSessionFile));
  }

  /** Notes which process consumes the rings, so that nobody sweeps the directory while it works. */
  writeConsumer(identity: ProcessIdentity): void {
    // In place and in one piece: needs no more memory, and no reader sees an empty file.
    const file = openSync(join(this.path, CONSUMER_FILE), constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(file, JSON.stringify(identity).padEnd(consumerFileBytes), 0);
    } finally {
      closeSync(file);
    }
  }

  /** Directories of the processes of this user, in no order. */
  ownProcessDirectories(): string[] {
    return readdirSync(this.path).filter((name) => processName.test(name));
  }

  /** Directories of traced processes, those of other users too (`users/FOLDER/PID-STARTTIME`), in no order. */
  processDirectories(): string[] {
    return [...this.ownProcessDirectories(), ...processesOfUsers(this.path, processName)];
  }

  /** Whether there is next to no room for anything more. */
  isMemoryShort(): boolean {
    const { blocks, bavail, bsize } = statfsSync(this.path);
    // A tmpfs without a limit has no blocks to tell of.
    return blocks > 0 && bavail * bsize < leastFreeBytes;
  }

  /** Takes the directory away. Rings stay mapped in programs that still live; their memory goes with them. */
  remove(): void {
    removeDirectory(this.path);
  }

  /** Whether its removal was begun: what is left is nothing to complete a trace from. */
  get isGone(): boolean {
    return isGone(this.path);
  }

  /** Makes an abandoned session this process's own; undefined when another process was faster. */
  claim(): SessionDirectory | undefined {
    const path = freeSessionPath(dirname(this.path));
    try {
      renameSync(this.path, path);
      return new SessionDirectory(path);
    } catch {
      return undefined;
    }
  }

  /** Whether the command or the consumer of this recording still runs. */
  isInUse(): boolean {
    const parts = sessionName.exec(this.path.slice(this.path.lastIndexOf('/') + 1));
    if (parts === null) return true;
    // Numbers of another PID namespace say nothing here: such a directory is left alone.
    if (parts[1] !== pidNamespace()) return true;
    if (isProcessAlive({ pid: Number(parts[2]), startTicks: parts[3] ?? '0' })) return true;
    const consumer = this.readConsumer();
    return consumer !== undefined && isProcessAlive(consumer);
  }

  /** The process that consumes the rings, or did last; undefined when none ever began. */
  readConsumer(): ProcessIdentity | undefined {
    try {
      return parseIdentity(readFileSync(join(this.path, CONSUMER_FILE), 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/** The process that a directory's name tells of: `PID-STARTTIME`. */
export function parseProcessDirectory(name: string): ProcessIdentity {
  const parts = processName.exec(name.slice(name.lastIndexOf('/') + 1));
  return { pid: Number(parts?.[1]), startTicks: parts?.[2] ?? '0' };
}

/** Recordings below `runDirectory` whose command and consumer are both dead. */
export function abandonedSessions(runDirectory: string): SessionDirectory[] {
  let names: string[];
  try {
    names = readdirSync(runDirectory);
  } catch {
    return [];
  }
  const uid = process.getuid?.();
  return names
    .filter((name) => sessionName.test(name))
    .filter((name) => lstatSync(join(runDirectory, name), { throwIfNoEntry: false })?.uid === uid)
    .map((name) => new SessionDirectory(join(runDirectory, name)))
    .filter((session) => !session.isInUse());
}
