/** The packet that a transcoder writes into: LTTng's packet header and context before the events. */
import type { IndexedPacket } from '@spoor/ctf';

/** What an index tells of a packet, but for its place. */
export type PacketFacts = Omit<IndexedPacket, 'offsetBytes'>;

/** Where finished packets go. */
export interface PacketOutput {
  /**
   * Takes a packet.
   * @param bytes its first `lengthBytes` are the packet; they are reused after the call.
   * @param facts what an index tells of it, but for its place.
   */
  packet(bytes: Uint8Array, lengthBytes: number, facts: PacketFacts): void;
}

/** Bytes of header and context together, which events follow. */
export const packetHeadBytes: number = 4 + 16 + 4 + 8 + 6 * 8 + 4;

const place = {
  magic: 0,
  uuid: 4,
  streamId: 20,
  instance: 24,
  begin: 32,
  end: 40,
  content: 48,
  size: 56,
  sequence: 64,
  discarded: 72,
  cpu: 80,
} as const;

/**
 * A packet without events that says what the last one said: where a file begins whose reader has to see how many events
 * were lost before, for it knows losses by how their count grows.
 * @param next the packet that follows it; `last` is the one before, of another file.
 */
export function markPacket(
  next: Uint8Array,
  last: PacketFacts,
): { readonly bytes: Uint8Array; readonly facts: PacketFacts } {
  const bytes = next.slice(0, packetHeadBytes);
  const view = new DataView(bytes.buffer);
  const bits = packetHeadBytes * 8;
  view.setBigUint64(place.begin, last.endTicks ?? 0n, true);
  view.setBigUint64(place.end, last.endTicks ?? 0n, true);
  view.setBigUint64(place.content, BigInt(bits), true);
  view.setBigUint64(place.size, BigInt(bits), true);
  view.setBigUint64(place.sequence, last.sequenceNumber ?? 0n, true);
  view.setBigUint64(place.discarded, last.discardedEvents ?? 0n, true);
  const facts = { ...last, sizeBytes: packetHeadBytes, contentBits: bits, beginTicks: last.endTicks };
  return { bytes, facts };
}

/** What would have been said before the first packet of a stream: that nothing is lost. */
export function factsBefore(first: PacketFacts): PacketFacts {
  return { ...first, endTicks: first.beginTicks, discardedEvents: 0n };
}

/** What all packets of a stream say. */
export interface StreamFacts {
  readonly uuid: string;
  /** Number of their stream class. */
  readonly streamClass: number;
  readonly cpu: number;
  readonly instance: number;
}

/** One buffer, used for one packet after the other. */
export class PacketBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  private readonly output: PacketOutput;
  private readonly streamId: bigint;
  private readonly instanceId: bigint;
  private sequence = 0;
  private beginHi = 0;
  private beginLo = 0;
  private discarded = 0n;

  /** @param bytes room for the largest packet, all of its last event included. */
  constructor(bytes: Uint8Array<ArrayBuffer>, facts: StreamFacts, output: PacketOutput) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.streamId = BigInt(facts.streamClass);
    this.instanceId = BigInt(facts.instance);
    this.output = output;
    this.view.setUint32(place.magic, 0xc1fc1fc1, true);
    for (let index = 0; index < 16; index += 1) {
      const digits = facts.uuid.replaceAll('-', '').slice(index * 2, index * 2 + 2);
      this.bytes[place.uuid + index] = Number.parseInt(digits, 16);
    }
    this.view.setUint32(place.streamId, facts.streamClass, true);
    this.view.setBigUint64(place.instance, this.instanceId, true);
    this.view.setUint32(place.cpu, facts.cpu, true);
  }

  /** Events that were lost, beside those that were said before: the next packet to end counts them. */
  discard(count: number): void {
    this.discarded += BigInt(count);
  }

  /** Nobody took the last packet: its events are lost, and the next one has its number. */
  giveUpLast(events: number): void {
    this.discarded += BigInt(events);
    this.sequence -= 1;
  }

  get discardedCount(): bigint {
    return this.discarded;
  }

  /**
   * Begins a packet at a clock value, given in halves. A packet of one event begins where it ends, and there the next one
   * begins too; babeltrace2 orders packets of several files by their beginnings alone, so this one may come to begin later.
   * @param mayBeLater whether all of its events are at least a tick behind that value.
   */
  begin(hi: number, lo: number, mayBeLater: boolean): void {
    const low = lo >>> 0;
    const isLater = mayBeLater && this.beginLo === low && this.beginHi === hi >>> 0;
    this.beginLo = isLater ? (low + 1) >>> 0 : low;
    this.beginHi = (isLater && this.beginLo === 0 ? hi + 1 : hi) >>> 0;
  }

  /** Ends the packet: its last event ends before `lengthBytes`, its last moment is given in halves. */
  end(lengthBytes: number, hi: number, lo: number): void {
    const { view, beginHi, beginLo } = this;
    const lastHi = hi >>> 0;
    const lastLo = lo >>> 0;
    // The record that was to come later may have been damaged.
    const endsBefore = lastHi < beginHi || (lastHi === beginHi && lastLo < beginLo);
    setHalves(view, place.begin, beginHi, beginLo);
    setHalves(view, place.end, endsBefore ? beginHi : lastHi, endsBefore ? beginLo : lastLo);
    // A packet is far from 512 MiB.
    const bits = lengthBytes * 8;
    setHalves(view, place.content, 0, bits);
    setHalves(view, place.size, 0, bits);
    const sequenceNumber = BigInt(this.sequence);
    view.setBigUint64(place.sequence, sequenceNumber, true);
    view.setBigUint64(place.discarded, this.discarded, true);
    this.output.packet(this.bytes, lengthBytes, {
      sizeBytes: lengthBytes,
      contentBits: bits,
      beginTicks: view.getBigUint64(place.begin, true),
      endTicks: view.getBigUint64(place.end, true),
      discardedEvents: this.discarded,
      streamId: this.streamId,
      streamInstanceId: this.instanceId,
      sequenceNumber,
    });
    this.sequence += 1;
  }
}

function setHalves(view: DataView, at: number, hi: number, lo: number): void {
  view.setUint32(at, lo, true);
  view.setUint32(at + 4, hi, true);
}
