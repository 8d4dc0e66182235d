/** Counter files as the recorder reads them, after or while their threads count. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  COUNTERS_FOLDER,
  COUNTER_BYTES,
  COUNTER_HEADER,
  COUNTER_HEADER_BYTES,
  COUNTER_MAGIC,
  COUNTER_NAME_BYTES,
  COUNTER_VERSION,
  MOST_COUNTERS,
} from './counter-layout.ts';
import { parseCounters } from './counter-text.ts';
import { readLinkText } from './link-text.ts';

/** The sum of threads that are over; its header names the file that was added to it last, which may still be there. */
const ENDED_FILE = 'ended.counters';
/** How often files are read anew that went away meanwhile. */
const MOST_READINGS = 5;

/** The header and the first counters: all that most files have. */
const FIRST_READ_BYTES: number = COUNTER_HEADER_BYTES + 8 * COUNTER_BYTES;

/** What programs put there is followed nowhere, and not waited for. */
const unhurried = constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface CounterFile {
  readonly counters: readonly (readonly [name: string, value: number])[];
  readonly addedLast: string | undefined;
}

/** Sums of a process's counters over its threads, those that ended too; files that make no sense are left out. */
export function readCounters(processPath: string): ReadonlyMap<string, number> {
  const folder = join(processPath, COUNTERS_FOLDER);
  for (let attempt = 1; ; attempt += 1) {
    const sums = new Map<string, number>();
    // The sum of the ended comes after the list and before the others: what is added to it meanwhile is missed there,
    // is not there any more, and so all is read again.
    const names = counterFiles(folder);
    const ended = readFile(join(folder, ENDED_FILE));
    add(sums, ended?.counters);
    let isMissing = false;
    for (const name of names) {
      if (name === ENDED_FILE || name === ended?.addedLast) continue;
      const found = readFile(join(folder, name));
      if (found === undefined) isMissing = true;
      else add(sums, found.counters);
    }
    if (!isMissing || attempt === MOST_READINGS) return sums;
  }
}

/**
 * Puts the counters of threads that are over into one file, so that each does not keep memory of its own. For the one
 * process that looks after the directory; it may be killed anywhere in it. Never throws: what cannot be done now, for
 * want of memory, is tried at the next call.
 */
export function mergeEndedCounters(processPath: string, isOver: (tid: number) => boolean): void {
  const folder = join(processPath, COUNTERS_FOLDER);
  for (const name of counterFiles(folder)) {
    const tid = /^(\d+)-\d+\./.exec(name)?.[1];
    try {
      // A link takes no page of memory.
      const isFile = tid !== undefined && lstatSync(join(folder, name)).isFile();
      if (isFile && isOver(Number(tid))) merge(folder, name);
    } catch {
      return;
    }
  }
}

/** Adds one file to the sum and removes it; not if there were too many names then. */
function merge(folder: string, name: string): void {
  const path = join(folder, name);
  const sumPath = join(folder, ENDED_FILE);
  const ended = readFile(sumPath);
  const fd = openSync(path, constants.O_RDWR | unhurried);
  try {
    if (ended?.addedLast !== name) {
      const sums = new Map<string, number>();
      add(sums, ended?.counters);
      add(sums, readFile(path)?.counters);
      if (sums.size > MOST_COUNTERS) return;
      const draft = `${sumPath}.draft`;
      writeFileSync(draft, encode(sums, name), { mode: 0o600 });
      renameSync(draft, sumPath);
    }
    unlinkSync(path);
    // The program maps it until its end. Another session may still have it under a name of its own.
    if (fstatSync(fd).nlink === 0) ftruncateSync(fd, 0);
  } finally {
    closeSync(fd);
  }
}

function add(sums: Map<string, number>, counters: readonly (readonly [string, number])[] = []): void {
  for (const [name, value] of counters) sums.set(name, (sums.get(name) ?? 0) + value);
}

function counterFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.counters'));
  } catch {
    return [];
  }
}

/** A file's counters; undefined where there is no file. */
function readFile(path: string): CounterFile | undefined {
  const text = readLinkText(path);
  if (text !== undefined) return { counters: parseCounters(text), addedLast: undefined };
  let bytes: Buffer;
  try {
    bytes = readUsed(path);
  } catch {
    return undefined;
  }
  const isSound =
    bytes.length >= COUNTER_HEADER_BYTES &&
    bytes.readUInt32LE(COUNTER_HEADER.magic) === COUNTER_MAGIC &&
    bytes.readUInt32LE(COUNTER_HEADER.version) === COUNTER_VERSION;
  if (!isSound) return { counters: [], addedLast: undefined };
  const room = Math.floor((bytes.length - COUNTER_HEADER_BYTES) / COUNTER_BYTES);
  const count = Math.min(bytes.readUInt32LE(COUNTER_HEADER.count), MOST_COUNTERS, room);
  const counters = Array.from({ length: count }, (_, number) => {
    const at = COUNTER_HEADER_BYTES + number * COUNTER_BYTES;
    return [textAt(bytes, at, COUNTER_NAME_BYTES), bytes.readDoubleLE(at + COUNTER_NAME_BYTES)] as const;
  });
  return {
    counters,
    addedLast: textAt(bytes, COUNTER_HEADER.addedLast, COUNTER_HEADER_BYTES - COUNTER_HEADER.addedLast),
  };
}

/** What of a file is used; a thread's has room for many more counters. Throws what the file system throws. */
function readUsed(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | unhurried);
  try {
    if (!fstatSync(fd).isFile()) return Buffer.alloc(0);
    const first = Buffer.alloc(FIRST_READ_BYTES);
    const got = readSync(fd, first, 0, FIRST_READ_BYTES, 0);
    if (got < FIRST_READ_BYTES) return first.subarray(0, got);
    const count = Math.min(first.readUInt32LE(COUNTER_HEADER.count), MOST_COUNTERS);
    const all = Buffer.alloc(COUNTER_HEADER_BYTES + count * COUNTER_BYTES);
    if (all.length <= FIRST_READ_BYTES) return first;
    return all.subarray(0, readSync(fd, all, 0, all.length, 0));
  } finally {
    closeSync(fd);
  }
}

function encode(counters: ReadonlyMap<string, number>, addedLast: string): Uint8Array {
  const bytes = Buffer.alloc(COUNTER_HEADER_BYTES + counters.size * COUNTER_BYTES);
  bytes.writeUInt32LE(COUNTER_MAGIC, COUNTER_HEADER.magic);
  bytes.writeUInt32LE(COUNTER_VERSION, COUNTER_HEADER.version);
  bytes.writeUInt32LE(counters.size, COUNTER_HEADER.count);
  bytes.write(
    addedLast,
    COUNTER_HEADER.addedLast,
    COUNTER_HEADER_BYTES - COUNTER_HEADER.addedLast - 1,
    'latin1',
  );
  let at = COUNTER_HEADER_BYTES;
  for (const [name, value] of counters) {
    bytes.write(name, at, COUNTER_NAME_BYTES - 1, 'utf8');
    bytes.writeDoubleLE(value, at + COUNTER_NAME_BYTES);
    at += COUNTER_BYTES;
  }
  return bytes;
}

function textAt(bytes: Buffer, at: number, mostBytes: number): string {
  const field = bytes.subarray(at, at + mostBytes);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? mostBytes : end);
}
