/** From folders that hold traces to an open set, wherever the folders are. */
import { isArchiveError } from '@spoor/archive';
import { SpoorError, describeError } from '@spoor/base';
import type { ByteSource, DecoderOptions, TraceClass } from '@spoor/ctf';
import {
  referenceRules,
  withClockRules,
  type ClockOffset,
  type ClockRule,
} from '../filter-utils-clock/clock-rules.ts';
import { buildTraceSet, traceName, type TraceDirectory } from './build-trace-set.ts';
import type { SymbolsFile } from './call-stack-symbols.ts';
import { sharedMetadata } from './metadata-reader.ts';
import { needsRawReader, type RawReader } from './raw-rings.ts';
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
  /** Further changes of clocks, of all traces or of some. */
  readonly clockRules?: readonly ClockRule[];
  /** What all traces are named after their host, in place of the path below the directory that was asked for. */
  readonly traceName?: string;
  /** Makes events of raw pages of the kernel; traces with such are refused without it (`trace/raw`). */
  readonly readRaw?: RawReader | undefined;
}

/** A folder with a trace in it. */
export interface TraceFolder {
  readonly path: string;
  /** From the place that was asked for to this folder; empty where they are the same. */
  readonly pathBelow: string;
  /** Name of the metadata file, for messages. */
  readonly metadataName: string;
  /** Reads the metadata file. */
  metadata(): Uint8Array;
  /** Opens the stream files that have content. */
  streams(warnings: string[]): readonly ByteSource[];
  /** The file with names of call stacks, if there is one. */
  symbols?(): SymbolsFile | undefined;
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

/**
 * Opens the traces of folders as one set.
 * @throws SpoorError when no metadata can be read. A trace beside readable ones whose metadata is wrong is left out and
 * said in `warnings`.
 * @param others traces that are open already, to be read with them.
 */
export function openFolders(
  folders: readonly TraceFolder[],
  options: OpenOptions,
  warnings: string[],
  others: readonly TraceDirectory[] = [],
): TraceSet {
  const { clockOffset, clockRules = [] } = options;
  const rules = [...(clockOffset === undefined ? [] : [{ offset: clockOffset }]), ...clockRules];
  const before = warnings.length;
  const set = openWithRules(folders, options, rules, warnings, others);
  const references = referenceRules(rules, set.traces);
  if (references.length === 0) return set;
  // When traces begin is known only now; all is opened again, and its troubles are told again.
  warnings.length = before;
  return openWithRules(folders, options, [...rules, ...references], warnings, others);
}

function openWithRules(
  folders: readonly TraceFolder[],
  options: OpenOptions,
  rules: readonly ClockRule[],
  warnings: string[],
  others: readonly TraceDirectory[],
): TraceSet {
  const directories: TraceDirectory[] = [...others];
  let failure: unknown;
  for (const folder of folders) {
    const { path, metadataName } = folder;
    const pathBelow = options.traceName ?? folder.pathBelow;
    try {
      const onTruncated = (problem: SpoorError): void => {
        warnings.push(`${describeError(problem)}; what stands before is used`);
      };
      const declared = sharedMetadata.read(folder.metadata(), metadataName, onTruncated);
      const placed = withClockRules(declared, { name: traceName(declared, pathBelow), path }, rules);
      const traceClass = options.ticksAsTime === true ? inTicks(placed) : placed;
      directories.push({
        path,
        pathBelow,
        traceClass,
        sources: folder.streams(warnings),
        symbols: folder.symbols?.(),
      });
    } catch (error) {
      if (!(error instanceof SpoorError) || isArchiveError(error) || folders.length === 1) throw error;
      if (needsRawReader(error)) throw error;
      failure ??= error;
      warnings.push(`${describeError(error)}; this trace is left out`);
    }
  }
  if (directories.length === 0 && failure !== undefined) throw failure;
  return buildTraceSet(directories, warnings, {
    ...options,
    countsTicks: options.ticksAsTime === true,
    openInTicks: () => openWithRules(folders, { ...options, ticksAsTime: true }, rules, [], others),
  });
}
