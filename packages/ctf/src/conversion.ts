/** How a trace class is written in a version of CTF: its metadata, and what becomes of its packets and events. */
import { formatCtf2 } from './ctf2-writer.ts';
import type { EventValues } from './encode-values.ts';
import type { StreamClass, TraceClass } from './model.ts';
import { raiseTraceClass } from './raise-trace-class.ts';
import type { PacketValues } from './stream-encoder.ts';
import { formatTsdl } from './tsdl-writer.ts';

/** A version of the format that can be written. */
export type CtfVersion = TraceClass['version'];

/** What becomes of the events of one class. */
export interface EventConversion {
  /** Whether contexts and payload are the same bits in both. */
  readonly sameBody: boolean;
  /** Values of the class as it was, for the class as it is written. */
  values(values: EventValues): EventValues;
}

/** What becomes of the packets and events of one stream class. */
export interface StreamConversion {
  /** As it is written. */
  readonly streamClass: StreamClass;
  /** Whether packets are the same bits in both, all their events included. */
  readonly samePackets: boolean;
  /** Values of the members of packet headers and contexts, for the classes as they are written. */
  packetValues(values: PacketValues): PacketValues;
  /** By the indexes of the stream class's event classes. */
  readonly events: readonly EventConversion[];
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

const sameEvents: EventConversion = { sameBody: true, values: (values) => values };

function samePackets(streamClass: StreamClass): StreamConversion {
  return {
    streamClass,
    samePackets: true,
    packetValues: (values) => values,
    events: streamClass.eventClasses.map(() => sameEvents),
  };
}

/**
 * Says how a trace class is written in a version.
 * @throws SpoorError `ctf/not-expressible` for what the version has no words for.
 */
export function convertTraceClass(traceClass: TraceClass, version: CtfVersion): TraceConversion {
  if (version === '2') {
    const raised = raiseTraceClass(traceClass);
    return {
      traceClass: raised,
      metadata: formatCtf2(raised),
      streams: raised.streamClasses.map(samePackets),
    };
  }
  return { traceClass, metadata: formatTsdl(traceClass), streams: traceClass.streamClasses.map(samePackets) };
}
