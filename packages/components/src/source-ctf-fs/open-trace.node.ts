/** Finds and opens the traces below directories. */
import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { readMetadata, type DecoderOptions, type TraceClass } from '@spoor/ctf';
import { FileSource } from '@spoor/ctf/node';
import { buildTraceSet, type TraceDirectory } from './build-trace-set.ts';
import type { TraceSet } from './trace-set.ts';

/** How to open traces. */
export interface OpenOptions extends DecoderOptions {
  /**
   * Counts time in ticks of the clocks from their value 0, instead of nanoseconds from their origin: for showing
   * clock values that cannot be got back from times. Traces are merged by ticks, so their clocks must be alike.
   */
  readonly ticksAsTime?: boolean;
}

/** What is at a path; undefined where nothing is, and where a link leads nowhere or in a circle. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

/** @param seen real paths of the directories looked into: links may lead to one of them again. */
function collectTraces(path: string, into: string[], seen: Set<string>): void {
  const real = realpathSync(path);
  if (seen.has(real)) return;
  seen.add(real);
  if (isFile(join(path, 'metadata'))) {
    into.push(path);
    return;
  }
  for (const name of readdirSync(path)) {
    const below = join(path, name);
    if (statOf(below)?.isDirectory() === true) collectTraces(below, into, seen);
  }
}

function readMetadataFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new SpoorError('trace/unreadable', 'cannot read the metadata', { where: file, cause });
  }
}

/** A directory that holds a trace. */
export interface FoundTrace {
  readonly path: string;
  /** From the path that was searched to this one; empty where they are the same. */
  readonly pathBelow: string;
}

/** Directories that hold a trace (a file named `metadata`), at or below the paths, each once. */
export function findTraces(paths: readonly string[]): FoundTrace[] {
  const found = new Map<string, FoundTrace>();
  for (const path of paths) {
    const stat = statOf(path);
    if (stat === undefined) {
      throw new SpoorError('trace/not-found', `no such directory: ${path}`, {
        hint: 'give the directory that a recording wrote',
      });
    }
    if (!stat.isDirectory()) {
      throw new SpoorError('trace/not-a-directory', `not a directory: ${path}`, {
        hint: 'a trace is a directory with a file named metadata',
      });
    }
    const below: string[] = [];
    collectTraces(resolve(path), below, new Set());
    if (below.length === 0) {
      throw new SpoorError('trace/none-found', `no trace in ${path}`, {
        hint: 'a trace is a directory with a file named metadata; none is here or below',
      });
    }
    for (const trace of below) {
      if (!found.has(trace)) found.set(trace, { path: trace, pathBelow: relative(resolve(path), trace) });
    }
  }
  return [...found.values()];
}

/** The same trace with clocks whose ticks are nanoseconds and begin at 0. */
function inTicks(traceClass: TraceClass): TraceClass {
  return {
    ...traceClass,
    streamClasses: traceClass.streamClasses.map((streamClass) => {
      const { clockClass } = streamClass;
      if (clockClass === undefined) return streamClass;
      const ticking = { ...clockClass, frequencyHz: 1_000_000_000n, offsetSeconds: 0n, offsetTicks: 0n };
      return { ...streamClass, clockClass: ticking };
    }),
  };
}

function openDirectory({ path, pathBelow }: FoundTrace, traceClass: TraceClass): TraceDirectory {
  const sources = readdirSync(path)
    .filter((name) => name !== 'metadata' && !name.startsWith('.') && isFile(join(path, name)))
    .map((name) => new FileSource(join(path, name)));
  return { path, pathBelow, traceClass, sources: sources.filter(({ sizeBytes }) => sizeBytes > 0) };
}

/**
 * Opens all traces at or below the paths as one set.
 * @throws SpoorError when a path does not exist, holds no trace, or no metadata can be read. A trace beside
 * readable ones whose metadata is wrong is left out and said in `warnings`.
 */
export function openTrace(paths: string | readonly string[], options: OpenOptions = {}): TraceSet {
  const found = findTraces(typeof paths === 'string' ? [paths] : paths);
  const warnings: string[] = [];
  const directories: TraceDirectory[] = [];
  let failure: unknown;
  for (const trace of found) {
    const file = join(trace.path, 'metadata');
    try {
      const onTruncated = (problem: SpoorError): void => {
        warnings.push(`${describeError(problem)}; what stands before is used`);
      };
      const traceClass = readMetadata(readMetadataFile(file), file, { onTruncated, tolerant: true });
      directories.push(openDirectory(trace, options.ticksAsTime === true ? inTicks(traceClass) : traceClass));
    } catch (error) {
      if (!(error instanceof SpoorError) || found.length === 1) throw error;
      failure ??= error;
      warnings.push(`${describeError(error)}; this trace is left out`);
    }
  }
  if (directories.length === 0 && failure !== undefined) throw failure;
  return buildTraceSet(directories, warnings, options);
}
