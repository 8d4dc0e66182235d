/** From opened files to a trace set: which files make a stream, which directories a trace, and their order. */
import { isArchiveError } from '@spoor/archive';
import {
  BytesAwaited,
  findPacket,
  PacketHeaderDecoder,
  PacketProperties,
  StreamDecoder,
  packetPaddingBytes,
  type ByteSource,
  type DecoderOptions,
  type FieldValue,
  type TraceClass,
} from '@spoor/ctf';
import { describeError } from '@spoor/base';
import type { SymbolsFile } from './call-stack-symbols.ts';
import { nanosecondsOfClock } from './clock.ts';
import type { EventClassInfo, StreamInfo, StreamSource, TraceInfo } from './trace-info.ts';
import { TraceSet } from './trace-set.ts';

/** A directory of a trace: its metadata, read, and its stream files that have content, in directory order. */
export interface TraceDirectory {
  readonly path: string;
  /** The path from the directory that was asked for to this one; empty or absent where they are the same. */
  readonly pathBelow?: string;
  readonly traceClass: TraceClass;
  readonly sources: readonly ByteSource[];
  /** Names of its call stacks, if it has any. */
  readonly symbols?: SymbolsFile | undefined;
}

/** Stream files that are one stream. */
interface FileGroup {
  readonly decoder: StreamDecoder;
  /** -1 when its packets give no instance id, or no time by which files could be put in order. */
  readonly streamId: number;
  readonly files: {
    readonly source: ByteSource;
    readonly beginNs: bigint | undefined;
    readonly first: FirstPacket;
  }[];
}

interface FirstPacket {
  readonly beginNs: bigint | undefined;
  readonly streamId: number;
  readonly decoder: StreamDecoder;
  readonly context: { readonly [member: string]: FieldValue };
}

/** Longest packet header and context that is looked at to learn what a file is. */
const probeBytes = 65_536;
/** Places that look like the beginning of a packet and are looked at, before a file is given up. */
const mostProbes = 100;

/** Whether the bytes could not be had, rather than being wrong. */
function isOfSource(error: unknown): boolean {
  return isArchiveError(error) || error instanceof BytesAwaited;
}

class TraceBuilder {
  readonly path: string;
  readonly pathBelow: string;
  readonly traceClass: TraceClass;
  readonly headerDecoder: PacketHeaderDecoder;
  readonly decoders = new Map<bigint, StreamDecoder>();
  readonly groups: FileGroup[] = [];
  readonly symbols: SymbolsFile[] = [];
  private readonly options: DecoderOptions;
  private readonly warnings: string[];

  constructor(directory: TraceDirectory, options: DecoderOptions, warnings: string[]) {
    this.path = directory.path;
    this.pathBelow = directory.pathBelow ?? '';
    this.traceClass = directory.traceClass;
    if (directory.symbols !== undefined) this.symbols.push(directory.symbols);
    this.options = options;
    this.warnings = warnings;
    this.headerDecoder = new PacketHeaderDecoder(directory.traceClass, options);
  }

  decoderOf(id: bigint): StreamDecoder | undefined {
    let decoder = this.decoders.get(id);
    if (decoder === undefined) {
      const streamClass = this.traceClass.streamClasses.find((candidate) => candidate.id === id);
      if (streamClass === undefined) return undefined;
      decoder = new StreamDecoder(this.traceClass, streamClass, this.options);
      this.decoders.set(id, decoder);
    }
    return decoder;
  }

  /** Adds a file to the stream that it belongs to; says why not when it belongs to none. */
  addFile(source: ByteSource): void {
    let first: FirstPacket;
    try {
      first = this.firstPacket(source);
    } catch (error) {
      if (isOfSource(error)) throw error;
      this.warnings.push(`${source.name}: ${describeError(error)}; this file is left out`);
      return;
    }
    const streamId = first.beginNs === undefined ? -1 : first.streamId;
    let group = this.groups.find(
      (candidate) => streamId >= 0 && candidate.streamId === streamId && candidate.decoder === first.decoder,
    );
    if (group === undefined) {
      group = { decoder: first.decoder, streamId, files: [] };
      this.groups.push(group);
    }
    const { files } = group;
    let at = files.findIndex(({ beginNs }) => first.beginNs! < beginNs!);
    if (at < 0) at = files.length;
    files.splice(at, 0, { source, beginNs: first.beginNs, first });
  }

  /** The first packet that says what the file is; if its very first is damaged, a later one does. */
  private firstPacket(source: ByteSource): FirstPacket {
    try {
      return this.packetAt(source, 0);
    } catch (error) {
      if (isOfSource(error)) throw error;
      let start = findPacket(source, this.headerDecoder, 1);
      for (let tries = 0; start !== undefined && tries < mostProbes; tries++) {
        try {
          return this.packetAt(source, start);
        } catch (another) {
          if (isOfSource(another)) throw another;
          start = findPacket(source, this.headerDecoder, start + 1);
        }
      }
      throw error;
    }
  }

  private packetAt(source: ByteSource, start: number): FirstPacket {
    const bytes = new Uint8Array(probeBytes + packetPaddingBytes);
    const length = source.read(bytes, probeBytes, start);
    const view = new DataView(bytes.buffer);
    const properties = new PacketProperties();
    const afterHeader = this.headerDecoder.decode(bytes, view, length * 8, properties);
    if (afterHeader < 0) throw new Error('the file ends inside its first packet header');
    if (this.headerDecoder.hasMagic && properties.magic !== 0xc1fc1fc1) {
      throw new Error('it does not start with the magic number of CTF packets');
    }
    const only = this.traceClass.streamClasses.length === 1 ? this.traceClass.streamClasses[0] : undefined;
    const id = properties.streamClassId >= 0 ? BigInt(properties.streamClassId) : only?.id;
    const decoder = id === undefined ? undefined : this.decoderOf(id);
    if (decoder === undefined) {
      throw new Error(
        id === undefined
          ? 'its packets do not say which of the streams of the metadata they are of'
          : `its stream id ${id} is not in the metadata`,
      );
    }
    const end = decoder.decodeContext(bytes, view, afterHeader, length * 8, properties);
    if (end < 0) throw new Error('the file ends inside its first packet context');
    const clock = decoder.streamClass.clockClass;
    const beginTicks = (BigInt(properties.beginHi) << 32n) | BigInt(properties.beginLo);
    return {
      beginNs: properties.hasBegin && clock !== undefined ? nanosecondsOfClock(clock, beginTicks) : undefined,
      streamId: properties.streamId,
      decoder,
      context: decoder.packetValues(bytes, length * 8)['packet-context'] ?? {},
    };
  }

  /** Streams and event classes of the metadata: of directories of one trace, the richest has it whole. */
  get classCount(): number {
    const { streamClasses } = this.traceClass;
    return streamClasses.reduce((sum, { eventClasses }) => sum + eventClasses.length, streamClasses.length);
  }

  /** Takes the streams of another directory of the same trace. */
  absorb(other: TraceBuilder): void {
    this.symbols.push(...other.symbols);
    const own = [...this.groups];
    for (const group of other.groups) {
      const { id } = group.decoder.streamClass;
      const decoder = this.decoderOf(id);
      if (decoder === undefined) continue;
      const match = own.find(
        (candidate) =>
          group.streamId >= 0 && candidate.streamId === group.streamId && candidate.decoder === decoder,
      );
      if (match === undefined) {
        this.groups.push({ decoder, streamId: group.streamId, files: [...group.files] });
        continue;
      }
      for (const file of group.files) {
        let at = match.files.findIndex(({ beginNs }) => file.beginNs! < beginNs!);
        if (at < 0) at = match.files.length;
        match.files.splice(at, 0, file);
      }
    }
  }
}

/** What directories of one trace have in common: its UUID, or a unique name that is none. */
function traceKey({ uuid, identity }: TraceClass): string | undefined {
  if (uuid !== undefined || identity?.uid === undefined) return uuid;
  return JSON.stringify([identity.namespace, identity.name, identity.uid]);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** What the tie between two streams at one time is broken by, in babeltrace2's order. */
interface RankedStream {
  readonly builder: TraceBuilder;
  readonly trace: TraceInfo;
  readonly group: FileGroup;
  readonly id: number;
}

/** The order of streams whose next events are of one time. */
export function compareStreamInfos(
  left: Pick<StreamInfo, 'trace' | 'streamClass' | 'id' | 'path'>,
  right: Pick<StreamInfo, 'trace' | 'streamClass' | 'id' | 'path'>,
): number {
  const leftUuid = left.trace.traceClass.uuid;
  const rightUuid = right.trace.traceClass.uuid;
  if (leftUuid !== rightUuid) {
    if (leftUuid === undefined) return 1;
    if (rightUuid === undefined) return -1;
    return compareText(leftUuid, rightUuid);
  }
  const leftClass = left.streamClass.id;
  const rightClass = right.streamClass.id;
  return (
    compareText(left.trace.name, right.trace.name) ||
    (leftClass < rightClass ? -1 : leftClass > rightClass ? 1 : 0) ||
    left.id - right.id ||
    compareText(left.path, right.path)
  );
}

function rankOf({ trace, group, id }: RankedStream): Parameters<typeof compareStreamInfos>[0] {
  return { trace, streamClass: group.decoder.streamClass, id, path: group.files[0]!.source.name };
}

function asNumber(value: FieldValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A trace's name, as babeltrace2 has it: the host's name and the path below what was asked for, either may lack. */
export function traceName({ environment }: TraceClass, pathBelow: string): string {
  const hostname = environment.get('hostname');
  return [typeof hostname === 'string' ? hostname : '', pathBelow].filter(Boolean).join('/');
}

/** Makes the trace set of directories. */
export function buildTraceSet(
  directories: readonly TraceDirectory[],
  warnings: string[],
  options: DecoderOptions & {
    readonly countsTicks?: boolean;
    readonly openInTicks?: () => TraceSet;
  } = {},
): TraceSet {
  const builders: TraceBuilder[] = [];
  for (const directory of directories) {
    const builder = new TraceBuilder(directory, options, warnings);
    for (const source of directory.sources) builder.addFile(source);
    const key = traceKey(directory.traceClass);
    const at = key === undefined ? -1 : builders.findIndex((other) => traceKey(other.traceClass) === key);
    if (at < 0) {
      builders.push(builder);
    } else if (builder.classCount > builders[at]!.classCount) {
      builder.absorb(builders[at]!);
      builders[at] = builder;
    } else {
      builders[at]!.absorb(builder);
    }
  }

  const ranked: RankedStream[] = [];
  const traces: TraceInfo[] = [];
  const streamsOf = new Map<TraceInfo, StreamInfo[]>();
  for (const builder of builders) {
    const { environment } = builder.traceClass;
    const streams: StreamInfo[] = [];
    const trace: TraceInfo = {
      path: builder.path,
      name: traceName(builder.traceClass, builder.pathBelow),
      traceClass: builder.traceClass,
      environment,
      streams,
      ...(builder.symbols.length === 0 ? {} : { callStackSymbols: builder.symbols }),
    };
    traces.push(trace);
    streamsOf.set(trace, streams);
    let nextId = 0;
    // Streams without an id of their own are numbered by the path of their first file.
    builder.groups.sort((left, right) =>
      compareText(left.files[0]!.source.name, right.files[0]!.source.name),
    );
    for (const group of builder.groups) {
      ranked.push({ builder, trace, group, id: group.streamId < 0 ? nextId++ : group.streamId });
    }
  }
  ranked.sort((left, right) => compareStreamInfos(rankOf(left), rankOf(right)));

  let baseNs: bigint | undefined;
  for (const { group } of ranked) {
    const { beginNs } = group.files[0]!;
    if (beginNs !== undefined && (baseNs === undefined || beginNs < baseNs)) baseNs = beginNs;
  }
  if (baseNs === undefined) {
    // No packet says when it begins: the clocks' own origin is as near as can be known.
    const clock = ranked.map(({ group }) => group.decoder.streamClass.clockClass).find(Boolean);
    baseNs = clock === undefined ? 0n : nanosecondsOfClock(clock, 0n);
  }

  for (const { trace, group } of ranked) {
    const { beginNs } = group.files[0]!;
    if (beginNs !== undefined && beginNs - baseNs > BigInt(Number.MAX_SAFE_INTEGER)) {
      warnings.push(
        `${trace.path}: it begins more than 104 days after the earliest trace; its times are not exact to the ` +
          'nanosecond unless it is read alone',
      );
      break;
    }
  }

  const eventClasses: EventClassInfo[] = [];
  const classBases = new Map<StreamDecoder, number>();
  const sources = ranked.map(({ builder, trace, group, id }, index): StreamSource => {
    const { decoder, files } = group;
    let classBase = classBases.get(decoder);
    if (classBase === undefined) {
      classBase = eventClasses.length;
      classBases.set(decoder, classBase);
      for (const [localIndex, eventClass] of decoder.streamClass.eventClasses.entries()) {
        eventClasses.push({ eventClass, trace, streamClass: decoder.streamClass, decoder, localIndex });
      }
    }
    const { source, beginNs, first } = files[0]!;
    const cpuId = asNumber(first.context['cpu_id']);
    const vtid = asNumber(first.context['vtid']);
    const info: StreamInfo = {
      index,
      trace,
      streamClass: decoder.streamClass,
      path: source.name,
      sizeBytes: files.reduce((sum, file) => sum + file.source.sizeBytes, 0),
      id,
      packetContext: first.context,
      ...(cpuId === undefined ? {} : { cpuId }),
      ...(vtid === undefined ? {} : { vtid }),
      ...(beginNs === undefined ? {} : { beginNs: Number(beginNs - baseNs) }),
    };
    streamsOf.get(trace)!.push(info);
    return {
      info,
      sources: files.map((file) => file.source),
      begins: files.map((file) => file.beginNs),
      headerDecoder: builder.headerDecoder,
      decoder,
      classBase,
    };
  });
  return new TraceSet(traces, sources, eventClasses, baseNs, warnings, options);
}
