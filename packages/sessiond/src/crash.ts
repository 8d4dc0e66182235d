/** `spoor crash` as a function: a trace of what killed programs left in their rings. */
import { type Dirent, lstatSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { COUNTERS_FOLDER, PROCESS_FILE, RINGS_FOLDER, STATUS_FOLDER, readProcess } from '@spoor/ringbuffer';
import { type CrashedClasses, readCrashedClasses } from './crashed-classes.ts';
import { readCrashedRing } from './crashed-ring.ts';
import {
  type PreparedDirectory,
  localTimestamp,
  makeWithParents,
  pathComponent,
  prepareOutputDirectory,
} from './output-directory.ts';
import { outputError } from './output-error.ts';
import { describePacket } from './packet-description.ts';
import { readProcessCounts } from './process-counts.ts';
import { packetsInTrace, streamPathOf } from './recorded-stream.ts';
import { isGone } from './removal.ts';
import { StreamWriter } from './stream-writer.ts';

/** What was found and written. */
export interface CrashTotals {
  readonly eventCount: number;
  /** Events that programs found no room for. */
  readonly lostCount: number;
  /** Events that the consumer had written into the recording's own trace before. */
  readonly recordedCount: number;
  readonly processCount: number;
  /** Rings that held something. */
  readonly ringCount: number;
  readonly packetCount: number;
  readonly sizeBytes: number;
  /** Counters of the programs by name, summed over processes. */
  readonly counters: Readonly<Record<string, number>>;
}

/** What came of it. */
export interface CrashResult {
  /** Absolute path of the directory with the traces, one a process. */
  readonly outputDir: string;
  readonly totals: CrashTotals;
  /** One line each: what could not be read; all else is in the trace. */
  readonly errors: readonly string[];
}

/** One step of the extraction, told while it goes on. */
export type CrashStep =
  | { readonly kind: 'process'; readonly path: string; readonly procname: string; readonly pid: number }
  | {
      readonly kind: 'packet';
      /** Of the ring. */
      readonly path: string;
      /** Number of the packet in its ring, from 0. */
      readonly sequence: number;
      readonly eventCount: number;
      readonly sizeBytes: number;
    }
  | {
      readonly kind: 'ring';
      readonly path: string;
      readonly eventCount: number;
      readonly packetCount: number;
      readonly lostCount: number;
      /** As {@link CrashTotals.recordedCount}. */
      readonly recordedCount: number;
      /** The stream file that was written; absent when there was nothing for it. */
      readonly streamPath?: string;
    };

/** How far below the given directory processes are looked for: run directory, hub, `sessions`, session, process. */
const mostDepth = 5;
const ringName = /^(\d{1,9})\.ring$/;

/**
 * Writes the packets that lie in the rings below `directory` as traces: a run directory, that of one recording or of
 * one process, or a copy of such. Nothing in it is changed. Of each ring it takes what the recording's own trace does
 * not have yet, the open sub-buffer included.
 * @param output new or empty directory, outside of `directory`.
 * @param tell is given each process, packet and ring as it is done.
 * @throws SpoorError `crash/nothing` when there are no processes in it, `crash/inside`, `record/output…` when the trace
 * cannot be written.
 */
export function extractCrash(
  directory: string,
  output: string,
  tell: (step: CrashStep) => void = () => {},
): CrashResult {
  const root = resolve(directory);
  const found = findProcesses(root);
  if (found.length === 0) {
    throw new SpoorError('crash/nothing', 'no process of a recording is here', {
      where: directory,
      hint: 'name a run directory ($SPOOR_RUN_DIR, or /dev/shm/spoor-UID) or a copy of it',
    });
  }
  refuseInside(root, output);
  const prepared = prepareOutputDirectory(output);
  const extraction = new Extraction(root, prepared, tell);
  for (const path of found) extraction.add(path);
  return extraction.result();
}

/** The output must not lie where nothing may be changed. */
function refuseInside(root: string, output: string): void {
  let above = resolve(output);
  while (lstatSync(above, { throwIfNoEntry: false }) === undefined && dirname(above) !== above) {
    above = dirname(above);
  }
  const real = `${realpathSync(above)}${sep}`;
  if (!real.startsWith(`${realpathSync(root)}${sep}`)) return;
  throw new SpoorError('crash/inside', 'the output would lie in the directory that is read', {
    where: output,
    hint: 'name a directory elsewhere',
  });
}

/** Directories of processes, in order of their paths. */
function findProcesses(root: string): string[] {
  const found: string[] = [];
  const search = (path: string, depth: number) => {
    const entries = entriesOf(path, depth === 0);
    if (isOfProcess(path, entries)) {
      found.push(path);
      return;
    }
    if (depth === mostDepth) return;
    for (const entry of entries) {
      // What is being removed is in a trace already.
      if (entry.isDirectory() && !isGone(entry.name)) search(join(path, entry.name), depth + 1);
    }
  };
  search(root, 0);
  return found.sort();
}

/**
 * Whether a directory is one that a traced process made, or what is left of one: not whatever has a folder or a file of
 * the same name.
 */
function isOfProcess(path: string, entries: readonly Dirent[]): boolean {
  const rings = entries.find(({ name }) => name === RINGS_FOLDER);
  if (rings === undefined || !rings.isDirectory()) return false;
  return (
    entries.some(({ name }) => name === PROCESS_FILE) ||
    entriesOf(join(path, RINGS_FOLDER), false).some(({ name }) => ringName.test(name))
  );
}

function entriesOf(path: string, isRoot: boolean): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (!isRoot) return [];
    throw new SpoorError('crash/nothing', 'cannot read the directory', { where: path, cause: error });
  }
}

class Extraction {
  readonly #root: string;
  readonly #output: PreparedDirectory;
  readonly #tell: (step: CrashStep) => void;
  readonly #errors: string[] = [];
  readonly #counters: Record<string, number> = {};
  readonly #taken: Set<string> = new Set();
  #eventCount = 0;
  #lostCount = 0;
  #recordedCount = 0;
  #processCount = 0;
  #ringCount = 0;
  #packetCount = 0;
  #sizeBytes = 0;

  constructor(root: string, output: PreparedDirectory, tell: (step: CrashStep) => void) {
    this.#root = root;
    this.#output = output;
    this.#tell = tell;
  }

  /** Writes one process's trace, if its rings hold anything. */
  add(path: string): void {
    this.#processCount += 1;
    try {
      refuseSpecialFiles(path);
      this.#addCounters(path);
      const process = new CrashedProcess(path, () => this.#choosePath(path), this.#tell);
      for (const name of ringsOf(path)) this.#addRing(process, join(path, RINGS_FOLDER, name), name);
      this.#errors.push(...process.finish());
    } catch (error) {
      if (error instanceof SpoorError && error.code === 'record/output') throw error;
      this.#errors.push(`a process's events cannot be read: ${describeError(error)}`);
    }
  }

  result(): CrashResult {
    if (this.#packetCount === 0) this.#output.removeIfEmpty();
    return {
      outputDir: this.#output.path,
      errors: this.#errors,
      totals: {
        eventCount: this.#eventCount,
        lostCount: this.#lostCount,
        recordedCount: this.#recordedCount,
        processCount: this.#processCount,
        ringCount: this.#ringCount,
        packetCount: this.#packetCount,
        sizeBytes: this.#sizeBytes,
        counters: this.#counters,
      },
    };
  }

  #addRing(process: CrashedProcess, path: string, name: string): void {
    try {
      const done = process.addRing(path, Number(ringName.exec(name)?.[1]));
      if (done === undefined) return;
      this.#errors.push(...done.errors);
      this.#eventCount += done.eventCount;
      this.#lostCount += done.lostCount;
      this.#recordedCount += done.recordedCount;
      this.#packetCount += done.packetCount;
      this.#sizeBytes += done.sizeBytes;
      if (done.packetCount > 0) this.#ringCount += 1;
    } catch (error) {
      if (error instanceof SpoorError && error.code === 'record/output') throw error;
      this.#errors.push(`a ring could not be read: ${describeError(error)}`);
    }
  }

  #addCounters(path: string): void {
    try {
      const { counters, lostCount } = readProcessCounts(path);
      this.#lostCount += lostCount;
      for (const [name, value] of counters) {
        this.#counters[name] = (this.#counters[name] ?? 0) + value;
      }
    } catch (error) {
      this.#errors.push(`counters cannot be read: ${describeError(error)}`);
    }
  }

  /** `ust/pid/PROCNAME-PID-YYYYmmdd-HHMMSS`, below the recording's name where there are several. */
  #choosePath(path: string): string {
    const { procname, pid, startedMs } = readProcess(path);
    const session = path === this.#root ? '' : relative(this.#root, dirname(path));
    const started = localTimestamp(new Date(startedMs));
    // As one component: what a damaged file says must not lead elsewhere.
    const name = pathComponent(`${procname}-${pid}-${started}`);
    const stem = join(this.#output.path, session, 'ust', 'pid', name);
    let unique = stem;
    for (let number = 2; this.#taken.has(unique); number += 1) unique = `${stem}-${number}`;
    this.#taken.add(unique);
    return unique;
  }
}

/** Folders of a process's directory in which a link is a text. */
const linkFolders: ReadonlySet<string> = new Set([STATUS_FOLDER, COUNTERS_FOLDER]);

/**
 * Programs leave plain files and folders. A FIFO or a device in the place of one would be read without end, and a link
 * lead elsewhere. (Rings are looked at one by one, when they are opened. Where a program without descriptors leaves text in
 * links, these are not followed.)
 */
function refuseSpecialFiles(path: string): void {
  const refuse = (folder: string, entries: readonly Dirent[]): void => {
    const mayLink = linkFolders.has(basename(folder));
    const special = entries.find(
      (entry) => !entry.isFile() && !entry.isDirectory() && !(mayLink && entry.isSymbolicLink()),
    );
    if (special === undefined) return;
    throw new SpoorError('crash/special-file', 'neither a file nor a folder', {
      where: join(folder, special.name),
    });
  };
  const entries = entriesOf(path, false);
  refuse(path, entries);
  for (const { name } of entries.filter((entry) => entry.isDirectory() && entry.name !== RINGS_FOLDER)) {
    refuse(join(path, name), entriesOf(join(path, name), false));
  }
}

function ringsOf(path: string): string[] {
  return readdirSync(join(path, RINGS_FOLDER))
    .filter((name) => ringName.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** One process: its streams, then its metadata. */
class CrashedProcess {
  readonly #path: string;
  readonly #choosePath: () => string;
  readonly #tell: (step: CrashStep) => void;
  readonly #classes: CrashedClasses;
  #traceDir: string | undefined;

  /** @throws SpoorError when nothing of the process can be read. */
  constructor(path: string, choosePath: () => string, tell: (step: CrashStep) => void) {
    this.#path = path;
    this.#choosePath = choosePath;
    this.#tell = tell;
    const described = readProcess(path);
    tell({ kind: 'process', path, procname: described.procname, pid: described.pid });
    this.#classes = readCrashedClasses(path, described);
  }

  /** Writes the stream of one ring; undefined when the consumer was done with it. */
  addRing(path: string, number: number) {
    if (lstatSync(path).size === 0) return undefined;
    let writer: StreamWriter | undefined;
    try {
      const ring = readCrashedRing(
        path,
        (header) => packetsInTrace(this.#path, header, number),
        (packet, header) => {
          if (!this.#knows(header.streamClassId)) return 'is of a channel that is not declared';
          writer ??= new StreamWriter(streamPathOf(this.#prepare(), header, number));
          writer.append(packet.bytes, describePacket(packet.bytes, number));
          const { sequence, eventCount, bytes } = packet;
          this.#tell({ kind: 'packet', path, sequence, eventCount, sizeBytes: bytes.length });
          return undefined;
        },
      );
      const { errors: _, ...counts } = ring;
      this.#tell({
        kind: 'ring',
        path,
        ...counts,
        ...(writer === undefined ? {} : { streamPath: writer.path }),
      });
      return { ...ring, sizeBytes: writer?.sizeBytes ?? 0 };
    } finally {
      writer?.close();
    }
  }

  /** Writes the metadata; returns what is wrong with it. */
  finish(): readonly string[] {
    if (this.#traceDir === undefined) return this.#classes.errors;
    // A program that lives may have declared classes meanwhile; all those of its packets are there by now.
    const classes = readCrashedClasses(this.#path, readProcess(this.#path));
    const path = join(this.#traceDir, 'metadata');
    try {
      writeFileSync(path, classes.text, { flag: 'wx' });
    } catch (error) {
      throw outputError(path, error);
    }
    return classes.errors;
  }

  #knows(streamClassId: number): boolean {
    if (this.#classes.streamClassIds.has(streamClassId)) return true;
    return readCrashedClasses(this.#path, readProcess(this.#path)).streamClassIds.has(streamClassId);
  }

  #prepare(): string {
    if (this.#traceDir !== undefined) return this.#traceDir;
    const path = this.#choosePath();
    try {
      makeWithParents(path);
    } catch (error) {
      throw outputError(path, error);
    }
    this.#traceDir = path;
    return path;
  }
}
