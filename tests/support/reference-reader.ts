// A second reader of packets, to set Spoor's against: it walks the model field by field, bit by bit, with BigInts and
// without plan, tables or generated code. It shares nothing with the reader of @spoor/ctf but the model.
import type { ClockClass, Role, Scope, StreamClass, TraceClass } from '@spoor/ctf';
import { FieldWalker, WrongContent, type ScopeValues } from './reference-walker.ts';

/** An event as the packets say it. */
export interface ReferenceEvent {
  readonly classId: bigint;
  readonly name: string;
  /** Clock value; undefined where the stream has no clock. */
  readonly ticks: bigint | undefined;
  readonly scopes: Readonly<Partial<Record<Scope, ScopeValues>>>;
}

/** A packet, as far as it can be read. */
export interface ReferencePacket {
  readonly startByte: number;
  readonly scopes: Readonly<Partial<Record<Scope, ScopeValues>>>;
  readonly events: readonly ReferenceEvent[];
  /** What is wrong with it, if anything. */
  readonly problem?: string;
}

/** What a stream file holds. */
export interface ReferenceFile {
  readonly streamClass: StreamClass | undefined;
  readonly packets: readonly ReferencePacket[];
  /** Set where nothing can be read, or nothing after the last packet. */
  readonly problem?: string;
}

/** Larger packets are refused by Spoor, which holds each as a whole. */
const mostPacketBits = 128n * 1024n * 1024n * 8n;

/** The clock after a snapshot of its low bits: they replace the clock's, and a decrease means that they wrapped. */
function clockAfter(clock: bigint, value: bigint, lengthBits: number): bigint {
  if (lengthBits >= 64) return value;
  const span = 1n << BigInt(lengthBits);
  const next = (clock / span) * span + value;
  return next < clock ? next + span : next;
}

/** Time of a clock value, in nanoseconds after the origin, with babeltrace2's rounding for clocks not of 1 GHz. */
export function referenceTimeNs(clock: ClockClass, ticks: bigint): bigint {
  const scale = (value: bigint): bigint =>
    clock.frequencyHz === 1_000_000_000n
      ? value
      : BigInt(Math.floor((1e9 * Number(value)) / Number(clock.frequencyHz)));
  const seconds = clock.offsetSeconds + clock.offsetTicks / clock.frequencyHz;
  return seconds * 1_000_000_000n + scale(clock.offsetTicks % clock.frequencyHz) + scale(ticks);
}

/**
 * Reads a stream file. Events of a packet come up to what is wrong in it; the next packet follows where its size says.
 * @throws ReferenceBudgetError after `maxSteps` fields.
 */
export function readReference(
  traceClass: TraceClass,
  file: Uint8Array,
  maxSteps: number = Number.MAX_SAFE_INTEGER,
): ReferenceFile {
  const budget = { steps: maxSteps };
  const packets: ReferencePacket[] = [];
  let streamClass: StreamClass | undefined;
  let clock = 0n;
  let lastEventNs = -(1n << 200n);
  const end = (problem?: string): ReferenceFile => ({
    streamClass,
    packets,
    ...(problem === undefined ? {} : { problem }),
  });
  for (let startByte = 0; startByte < file.length;) {
    const bytes = file.subarray(startByte);
    const roles = new Map<Role, bigint>();
    let event: { id: bigint | undefined; clock: bigint } | undefined;
    let beginBits = 64;
    const walker = new FieldWalker(
      bytes,
      bytes.length * 8,
      budget,
      traceClass.version === '1.8',
      (role, value, lengthBits) => {
        if (event === undefined) {
          roles.set(role, value);
          if (role === 'default-clock-timestamp') beginBits = lengthBits;
        } else if (role === 'event-record-class-id') {
          event.id = value;
        } else if (role === 'default-clock-timestamp') {
          event.clock = clockAfter(event.clock, BigInt.asUintN(lengthBits, value), lengthBits);
        }
      },
    );
    let totalBits: bigint;
    try {
      walker.scope('packet-header', traceClass.packetHeader);
      const magic = roles.get('packet-magic-number');
      if (magic !== undefined && magic !== 0xc1fc1fc1n) return end('wrong magic number');
      const id = roles.get('data-stream-class-id');
      const found =
        id === undefined && traceClass.streamClasses.length === 1
          ? traceClass.streamClasses[0]
          : traceClass.streamClasses.find((candidate) => candidate.id === id);
      if (found === undefined) return end('unknown stream class');
      if (streamClass !== undefined && streamClass !== found) return end('another stream class');
      streamClass = found;
      walker.scope('packet-context', found.packetContext);
      const rest = BigInt(bytes.length) * 8n;
      totalBits = roles.get('packet-total-length') ?? roles.get('packet-content-length') ?? rest;
      const contentBits = roles.get('packet-content-length') ?? totalBits;
      if (contentBits > totalBits || totalBits % 8n !== 0n || contentBits < BigInt(walker.bit)) {
        return end(`impossible sizes ${contentBits} ${totalBits}`);
      }
      if (totalBits > mostPacketBits) return end('a packet that no reader would hold');
      if (totalBits > rest && contentBits > rest) walker.endBit = bytes.length * 8;
      else walker.endBit = Number(contentBits);
      const begin = roles.get('default-clock-timestamp');
      if (begin !== undefined) clock = clockAfter(clock, begin, beginBits);
    } catch (error) {
      if (!(error instanceof WrongContent)) throw error;
      return end(`packet header: ${error.message}`);
    }
    const events: ReferenceEvent[] = [];
    const { eventClasses, clockClass } = streamClass;
    let problem: string | undefined;
    let timeProblem: string | undefined;
    try {
      while (walker.bit < walker.endBit) {
        const startBit = walker.bit;
        event = { id: eventClasses.length === 1 ? eventClasses[0]!.id : undefined, clock };
        walker.scope('event-header', streamClass.eventHeader);
        const { id } = event;
        const eventClass = eventClasses.find((candidate) => candidate.id === id);
        if (eventClass === undefined) throw new WrongContent(`no event class ${id}`);
        walker.scope('event-common-context', streamClass.eventCommonContext);
        walker.scope('event-specific-context', eventClass.specificContext);
        walker.scope('event-payload', eventClass.payload);
        if (walker.bit === startBit) throw new WrongContent('an event without bits');
        // Alignment may carry past the content where nothing follows it.
        if (walker.bit > walker.endBit) throw new WrongContent('an event goes beyond the content');
        // A packet's begin may be after its first event, but events follow each other, from packet to packet, too.
        const timeNs = clockClass === undefined ? 0n : referenceTimeNs(clockClass, event.clock);
        if (events.length === 0 ? timeNs < lastEventNs : event.clock < clock) {
          timeProblem ??= 'time goes back';
        }
        lastEventNs = timeNs;
        clock = event.clock;
        events.push({
          classId: eventClass.id,
          name: eventClass.name,
          ticks: clockClass === undefined ? undefined : clock,
          scopes: { ...walker.scopes },
        });
      }
    } catch (error) {
      if (!(error instanceof WrongContent)) throw error;
      problem = error.message;
    }
    problem ??= timeProblem;
    if (totalBits > BigInt(bytes.length) * 8n) problem ??= 'the file ends inside the packet';
    packets.push({
      startByte,
      scopes: { ...walker.scopes },
      events,
      ...(problem === undefined ? {} : { problem }),
    });
    startByte += Number(totalBits / 8n);
    if (totalBits === 0n) return end('a packet without bits');
  }
  return end();
}
