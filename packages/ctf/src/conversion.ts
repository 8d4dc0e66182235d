/** How a trace class is written in a version of CTF: its metadata, and what becomes of its packets and events. */
import { formatCtf2 } from './ctf2-writer.ts';
import type { EventValues } from './encode-values.ts';
import type { SavedValues } from './lower-field-class.ts';
import { lowerTraceClass, needsLowering, type LoweredStream } from './lower-trace-class.ts';
import type { StreamClass, TraceClass } from './model.ts';
import { raiseTraceClass } from './raise-trace-class.ts';
import type { PacketValues } from './stream-encoder.ts';
import { formatTsdl } from './tsdl-writer.ts';

/** A version of the format that can be written. */
export type CtfVersion = TraceClass['version'];

/** Makes values of one stream, packet by packet and event by event, those of the classes that are written. */
export interface ValueConverter {
  /** Values of the members of the header and context of the next packet. */
  packet(values: PacketValues): PacketValues;
  /** Values of the next event, of the class of this index in its stream class. */
  event(classIndex: number, values: EventValues): EventValues;
}

/** What becomes of the packets and events of one stream class. */
export interface StreamConversion {
  /** As it is written. */
  readonly streamClass: StreamClass;
  /** Whether packets are the same bits in both, all their events included. */
  readonly samePackets: boolean;
  /** Whether contexts and payload of the events of a class are the same bits in both. */
  hasSameBody(classIndex: number): boolean;
  /** Begins a stream. */
  converter(): ValueConverter;
}

/** A trace class in a version of CTF. */
export interface TraceConversion {
  /** As it is written. */
  readonly traceClass: TraceClass;
  /** The text of the metadata. */
  readonly metadata: string;
  /** By the indexes of the trace class's stream classes. */
  readonly streams: readonly StreamConversion[];
}

const sameValues: ValueConverter = { packet: (values) => values, event: (_, values) => values };

function unchanged(streamClass: StreamClass): StreamConversion {
  return { streamClass, samePackets: true, hasSameBody: () => true, converter: () => sameValues };
}

function lowered({ streamClass, samePackets, events, convertPacket }: LoweredStream): StreamConversion {
  return {
    streamClass,
    samePackets,
    hasSameBody: (classIndex) => events[classIndex]!.sameBody,
    converter: () => {
      // What the events of a stream refer to is kept from field to field.
      const saved: SavedValues = new Map();
      return {
        packet: (values) => convertPacket(values, saved),
        event: (classIndex, values) => events[classIndex]!.convert(values, saved),
      };
    },
  };
}

/**
 * Says how a trace class is written in a version. One of CTF 1.8 becomes one of CTF 2 of the same bits. What CTF 1.8 has no
 * words for becomes what comes next to it: a boolean an integer, an optional field a variant with a tag before it, and so on.
 * @throws SpoorError `ctf/not-expressible` for what the version has no words for.
 */
export function convertTraceClass(traceClass: TraceClass, version: CtfVersion): TraceConversion {
  if (version === '2') {
    const raised = raiseTraceClass(traceClass);
    return { traceClass: raised, metadata: formatCtf2(raised), streams: raised.streamClasses.map(unchanged) };
  }
  if (!needsLowering(traceClass)) {
    return { traceClass, metadata: formatTsdl(traceClass), streams: traceClass.streamClasses.map(unchanged) };
  }
  const { traceClass: written, streams } = lowerTraceClass(raiseTraceClass(traceClass));
  return { traceClass: written, metadata: formatTsdl(written), streams: streams.map(lowered) };
}
