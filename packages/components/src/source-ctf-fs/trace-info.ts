/** What a trace set says of its traces and streams. */
import type { EventClass, FieldValue, StreamClass, StreamDecoder, TraceClass } from '@spoor/ctf';
import type { ByteSource, LossReport, PacketHeaderDecoder } from '@spoor/ctf';
import type { SymbolsFile } from './call-stack-symbols.ts';

/** A trace: what shares one metadata (directories of one UUID are one trace). */
export interface TraceInfo {
  /** Directory; the first one when several directories are one trace. */
  readonly path: string;
  /** As babeltrace2 names it: the host's name and the path below the directory that was asked for, either may lack. */
  readonly name: string;
  readonly traceClass: TraceClass;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly streams: readonly StreamInfo[];
  /** Files with names of its call stacks; absent where it has none. */
  readonly callStackSymbols?: readonly SymbolsFile[];
}

/** A stream: one sequence of packets, in one file or several. */
export interface StreamInfo {
  /** Index in the trace set. */
  readonly index: number;
  readonly trace: TraceInfo;
  readonly streamClass: StreamClass;
  /** Its file; the first when there are several. */
  readonly path: string;
  /** Of all its files. */
  readonly sizeBytes: number;
  /** Instance id: from the packet header, or given in the order of the files. */
  readonly id: number;
  /** CPU of its first packet, if its packets say one. */
  readonly cpuId?: number;
  /** Thread of its first packet, if its packets say one. */
  readonly vtid?: number;
  /** All members of the first packet's context. */
  readonly packetContext: { readonly [member: string]: FieldValue };
  /** Time of the first packet's start after the trace set's base, in nanoseconds, if it says one. */
  readonly beginNs?: number;
}

/** A class of events in a trace set; rows of batches refer to it by index. */
export interface EventClassInfo {
  readonly eventClass: EventClass;
  readonly trace: TraceInfo;
  readonly streamClass: StreamClass;
  /** Decodes its events; `localIndex` is its number there. */
  readonly decoder: StreamDecoder;
  readonly localIndex: number;
}

/** Events or packets that a trace says were lost. */
export interface Loss extends LossReport {
  readonly stream: StreamInfo;
}

/** What it takes to read a stream. */
export interface StreamSource {
  readonly info: StreamInfo;
  readonly sources: readonly ByteSource[];
  /** When the first packet of each begins, in nanoseconds from the clock's origin, if it says so. */
  readonly begins: readonly (bigint | undefined)[];
  readonly headerDecoder: PacketHeaderDecoder;
  readonly decoder: StreamDecoder;
  /** Index of the stream class's first event class in the trace set. */
  readonly classBase: number;
}
