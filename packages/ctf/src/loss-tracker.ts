/** What packets say of the events and packets that were lost before them. */
import type { PacketProperties } from './packet-cursor.ts';

/** What a stream tells of losses between two packets (or before the first). */
export interface LossReport {
  readonly kind: 'events' | 'packets';
  /** How many, if the trace says. */
  readonly count?: bigint;
  /** Clock values, in ticks, between which it happened. */
  readonly beginTicks?: bigint;
  readonly endTicks?: bigint;
}

/** A clock value or counter of its two halves. */
export function ticks(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Compares the counters of each packet with those of the one before. */
export class LossTracker {
  /** Events that the trace says were lost, as far as read. */
  discardedEvents = 0n;
  /** Whether the first packet is not the stream's first. */
  private readonly beginsInside: boolean;
  private previous:
    { readonly discarded?: bigint; readonly sequence?: number; readonly end?: bigint } | undefined;

  constructor(beginsInside: boolean) {
    this.beginsInside = beginsInside;
  }

  /** Tells `lost` of what is missing between the packet before and one with these properties. */
  enterPacket(properties: PacketProperties, lost: (report: LossReport) => void): void {
    const { previous } = this;
    const begin = properties.hasBegin ? ticks(properties.beginHi, properties.beginLo) : undefined;
    const end = properties.hasEnd ? ticks(properties.endHi, properties.endLo) : undefined;
    const sequence = properties.sequenceNumber;
    // Events first: babeltrace2 tells of a gap's events before its packets.
    let discarded: bigint | undefined;
    if (properties.hasDiscarded) {
      discarded = ticks(properties.discardedHi, properties.discardedLo);
      const before = previous?.discarded ?? (this.beginsInside && previous === undefined ? discarded : 0n);
      if (discarded > before) {
        const from = previous === undefined ? begin : previous.end;
        this.discardedEvents += discarded - before;
        // Before the first packet events may have been lost of a part of the stream that is not here: no count.
        lost({
          kind: 'events',
          ...(previous === undefined ? {} : { count: discarded - before }),
          ...(from === undefined ? {} : { beginTicks: from }),
          ...(end === undefined ? {} : { endTicks: end }),
        });
      }
    }
    if (previous?.sequence !== undefined && sequence > previous.sequence + 1) {
      lost({
        kind: 'packets',
        count: BigInt(sequence - previous.sequence - 1),
        ...(previous.end === undefined ? {} : { beginTicks: previous.end }),
        ...(begin === undefined ? {} : { endTicks: begin }),
      });
    }
    this.previous = {
      ...(discarded === undefined ? {} : { discarded }),
      ...(sequence < 0 ? {} : { sequence }),
      ...(end === undefined ? {} : { end }),
    };
  }
}
