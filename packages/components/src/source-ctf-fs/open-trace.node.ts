/** Finds and opens the traces below directories. */
import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import {
  readMetadata,
  type ClockClass,
  type DecoderOptions,
  type MetadataOptions,
  type TraceClass,
} from '@spoor/ctf';
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
  /** Added to the origin of every clock. */
  readonly clockOffset?: ClockOffset;
}

/** How far to move clocks. */
export interface ClockOffset {
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
}

/** Does what reads a file or a directory; trouble with that is told with its place. */
function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof SpoorError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'let its owner change its mode, or read it as its owner';
      throw new SpoorError('trace/unreadable', 'no permission to read it', { where: path, hint });
    }
    throw new SpoorError('trace/unreadable', 'cannot read it', { where: path, cause });
  }
}

/** What is at a path; undefined where nothing is, and where a link leads nowhere or in a circle. */
function statOf(path: string): Stats | undefined {
  return reading(path, () => {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
      throw error;
    }
  });
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

/**
 * @param seen real paths of the directories looked into: links may lead to one of them again.
 * @param warnings is told of what may not be looked into.
 */
function collectTraces(path: string, into: string[], seen: Set<string>, warnings: string[]): void {
  const real = reading(path, () => realpathSync(path));
  if (seen.has(real)) return;
  seen.add(real);
  const names = reading(path, () => readdirSync(path));
  if (names.includes('metadata') && isFile(join(path, 'metadata'))) {
    into.push(path);
    return;
  }
  for (const name of names) {
    const below = join(path, name);
    try {
      if (statOf(below)?.isDirectory() === true) collectTraces(below, into, seen, warnings);
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      warnings.push(`${describeError(error)}; this directory is left out`);
    }
  }
}

/** A directory that holds a trace. */
export interface FoundTrace {
  readonly path: string;
  /** From the path that was searched to this one; empty where they are the same. */
  readonly pathBelow: string;
}

/**
 * Directories that hold a trace (a file named `metadata`), at or below the paths, each once. Those below that may not
 * be read are left out, which is added to `warnings`.
 */
export function findTraces(paths: readonly string[], warnings: string[] = []): FoundTrace[] {
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
    const problems: string[] = [];
    collectTraces(resolve(path), below, new Set(), problems);
    if (below.length === 0) {
      throw new SpoorError('trace/none-found', `no trace in ${path}`, {
        hint: problems[0] ?? 'a trace is a directory with a file named metadata; none is here or below',
      });
    }
    warnings.push(...problems);
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

/** The same trace with its clocks moved; whole ticks alone can be. */
function moved(traceClass: TraceClass, { seconds, nanoseconds }: ClockOffset): TraceClass {
  const move = (clock: ClockClass): ClockClass => {
    const ticks = clock.offsetTicks + (nanoseconds * clock.frequencyHz) / 1_000_000_000n;
    const whole = ticks / clock.frequencyHz - (ticks % clock.frequencyHz < 0n ? 1n : 0n);
    return {
      ...clock,
      offsetSeconds: clock.offsetSeconds + seconds + whole,
      offsetTicks: ticks - whole * clock.frequencyHz,
    };
  };
  return {
    ...traceClass,
    clockClasses: traceClass.clockClasses.map(move),
    streamClasses: traceClass.streamClasses.map((streamClass) =>
      streamClass.clockClass === undefined
        ? streamClass
        : { ...streamClass, clockClass: move(streamClass.clockClass) },
    ),
  };
}

/** Reads metadata; chunks of one rotated recording have the same, which is read once. */
class MetadataReader {
  private readonly known = new Map<string, { readonly bytes: Buffer; readonly traceClass: TraceClass }>();

  read(
    bytes: Buffer,
    file: string,
    options: MetadataOptions & Pick<Required<MetadataOptions>, 'onTruncated'>,
  ): TraceClass {
    // The UUID of the trace stands here in metadata packets; whether all else is equal too is then looked at.
    const key = `${bytes.length} ${bytes.toString('latin1', 0, 20)}`;
    const known = this.known.get(key);
    if (known?.bytes.equals(bytes) === true) return known.traceClass;
    let whole = true;
    const onTruncated = (problem: SpoorError): void => {
      whole = false;
      options.onTruncated(problem);
    };
    const traceClass = readMetadata(bytes, file, { ...options, onTruncated });
    if (whole && traceClass.uuid !== undefined) this.known.set(key, { bytes, traceClass });
    return traceClass;
  }
}

function openDirectory(
  { path, pathBelow }: FoundTrace,
  traceClass: TraceClass,
  warnings: string[],
): TraceDirectory {
  const sources: FileSource[] = [];
  for (const name of reading(path, () => readdirSync(path))) {
    const file = join(path, name);
    if (name === 'metadata' || name.startsWith('.')) continue;
    try {
      const source = reading(file, () => (isFile(file) ? new FileSource(file) : undefined));
      if (source !== undefined && source.sizeBytes > 0) sources.push(source);
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      warnings.push(`${describeError(error)}; this file is left out`);
    }
  }
  return { path, pathBelow, traceClass, sources };
}

/**
 * Opens all traces at or below the paths as one set.
 * @throws SpoorError when a path does not exist, holds no trace, or no metadata can be read. A trace beside
 * readable ones whose metadata is wrong is left out and said in `warnings`.
 */
export function openTrace(paths: string | readonly string[], options: OpenOptions = {}): TraceSet {
  const warnings: string[] = [];
  const found = findTraces(typeof paths === 'string' ? [paths] : paths, warnings);
  const directories: TraceDirectory[] = [];
  const metadata = new MetadataReader();
  let failure: unknown;
  for (const trace of found) {
    const file = join(trace.path, 'metadata');
    try {
      const onTruncated = (problem: SpoorError): void => {
        warnings.push(`${describeError(problem)}; what stands before is used`);
      };
      const declared = metadata.read(
        reading(file, () => readFileSync(file)),
        file,
        { onTruncated, tolerant: true },
      );
      const { clockOffset } = options;
      const traceClass = clockOffset === undefined ? declared : moved(declared, clockOffset);
      directories.push(
        openDirectory(trace, options.ticksAsTime === true ? inTicks(traceClass) : traceClass, warnings),
      );
    } catch (error) {
      if (!(error instanceof SpoorError) || found.length === 1) throw error;
      failure ??= error;
      warnings.push(`${describeError(error)}; this trace is left out`);
    }
  }
  if (directories.length === 0 && failure !== undefined) throw failure;
  return buildTraceSet(directories, warnings, options);
}
