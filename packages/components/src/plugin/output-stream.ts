/** A stream of a component of a plug-in: its events, and if it wants all other messages too. */
import type { EventValues, PacketValues, StreamDecoder, StreamEncoder, WritableStructure } from '@spoor/ctf';
import { closestName, SpoorError } from '@spoor/base';
import type { Message } from '../event-flow.ts';
import { MadeStream } from '../made-events/made-stream.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { Loss, StreamInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { EventOutput } from './event-output.ts';

/** Contexts of an event. */
export type EventContexts = Omit<EventValues, 'payload' | 'header'>;

/** A clock value in ticks. */
type Ticks = bigint | number;

function optionalTicks(ticks: bigint | undefined): { readonly ticks?: bigint } {
  return ticks === undefined ? {} : { ticks };
}

/**
 * A stream of an output. It begins before its first message and ends after the last one of the component unless it is
 * told to by `begin` and `end`; it has packets once it is told of one by `beginPacket`, and no events outside them then.
 */
export class OutputStream {
  readonly info: StreamInfo;
  private readonly output: EventOutput;
  private readonly packet: PacketValues;
  private readonly classBase: number;
  private readonly decoder: StreamDecoder;
  private readonly encoder: StreamEncoder;
  private readonly byName = new Map<string, number>();
  private made: MadeStream | undefined;
  private lastTicks = 0n;
  private state: 'new' | 'begun' | 'in-packet' | 'between-packets' | 'ended' = 'new';
  private openPacket: PacketValues;

  /** @internal Made by `OutputTrace.stream`. */
  constructor(
    output: EventOutput,
    info: StreamInfo,
    packet: PacketValues,
    classBase: number,
    decoder: StreamDecoder,
    encoder: StreamEncoder,
  ) {
    this.output = output;
    this.info = info;
    this.packet = packet;
    this.openPacket = packet;
    this.classBase = classBase;
    this.decoder = decoder;
    this.encoder = encoder;
    for (const [index, { name }] of info.streamClass.eventClasses.entries()) {
      if (!this.byName.has(name)) this.byName.set(name, index);
    }
  }

  /** @internal Opens the stream when the base is known. */
  open(baseNs: bigint): OpenStream {
    const { info, classBase, decoder, encoder } = this;
    this.made = new MadeStream({ info, baseNs, classBase, decoder, encoder });
    return this.made.open;
  }

  /**
   * Appends an event.
   * @param name of its class.
   * @param time clock value in ticks, not less than that of the stream's message before.
   * @throws SpoorError `plugin/unknown-event`, `plugin/time-order`, `plugin/message-order`. A value that does not fit its
   * field is told when the event is handed on.
   */
  event(name: string, time: Ticks, payload: WritableStructure = {}, contexts: EventContexts = {}): void {
    const index = this.byName.get(name);
    if (index === undefined) {
      const near = closestName(name, this.byName.keys());
      throw new SpoorError('plugin/unknown-event', `the stream has no event class ${JSON.stringify(name)}`, {
        where: this.info.path,
        hint: near === undefined ? `it has ${[...this.byName.keys()].join(', ')}` : `did you mean ${near}?`,
      });
    }
    const ticks = this.advanceTo(time);
    if (this.state === 'new') this.begin();
    if (this.state === 'ended' || this.state === 'between-packets') this.refuse('an event');
    const values: EventValues = { ...contexts, payload };
    const packet = this.openPacket;
    this.output.add({ ticks, put: () => this.put(index, ticks, values, packet) }, this.info);
  }

  /** Begins the stream. @param time clock value in ticks, if it is known. */
  begin(time?: Ticks): void {
    if (this.state !== 'new') this.refuse('its beginning');
    this.state = 'begun';
    this.tell('stream-beginning', time);
  }

  /** Ends the stream, and the packet that is open. @param time clock value in ticks, if it is known. */
  end(time?: Ticks): void {
    if (this.state === 'new') this.begin();
    if (this.state === 'in-packet') this.endPacket(time);
    if (this.state === 'ended') this.refuse('its end');
    this.state = 'ended';
    this.tell('stream-end', time);
  }

  /**
   * Begins a packet.
   * @param time clock value in ticks, if it is known.
   * @param context members of its context that have no role; those of the stream's declaration by default.
   */
  beginPacket(time?: Ticks, context: PacketValues = this.packet): void {
    if (this.state === 'new') this.begin();
    if (this.state === 'ended' || this.state === 'in-packet') this.refuse('the beginning of a packet');
    this.state = 'in-packet';
    this.openPacket = context;
    this.tell('packet-beginning', time);
  }

  /** Ends the packet. @param time clock value in ticks, if it is known. */
  endPacket(time?: Ticks): void {
    if (this.state !== 'in-packet') this.refuse('the end of a packet');
    this.state = 'between-packets';
    this.tell('packet-end', time);
  }

  /** Tells that events were lost between two clock values. @param count undefined where it is not known. */
  discarded(count: Ticks | undefined, beginTicks?: Ticks, endTicks?: Ticks): void {
    this.lose('events', count, beginTicks, endTicks);
  }

  /** Tells that packets were lost between two clock values. @param count undefined where it is not known. */
  discardedPackets(count: Ticks | undefined, beginTicks?: Ticks, endTicks?: Ticks): void {
    if (this.state === 'in-packet') this.refuse('the loss of packets');
    this.lose('packets', count, beginTicks, endTicks);
  }

  /** Tells that nothing earlier than a clock value will come: who merges need not wait. */
  inactivity(time: Ticks): void {
    if (this.info.streamClass.clockClass === undefined) this.refuse('inactivity, for it has no clock,');
    const ticks = this.advanceTo(time);
    this.place(ticks, (stream) => ({ kind: 'inactivity', stream, ticks }));
  }

  /** @internal Ends what was not ended. */
  close(): void {
    if (this.state !== 'ended') this.end(this.state === 'in-packet' ? this.lastTicks : undefined);
  }

  private refuse(what: string): never {
    const after = {
      new: 'before its beginning',
      begun: 'where no packet is open',
      'in-packet': 'where a packet is open',
      'between-packets': 'between its packets',
      ended: 'after its end',
    };
    throw new SpoorError('plugin/message-order', `${what} cannot come in a stream ${after[this.state]}`, {
      where: this.info.path,
    });
  }

  private advanceTo(time: Ticks): bigint {
    const ticks = BigInt(time);
    if (ticks < this.lastTicks || ticks >= 1n << 64n) {
      throw new SpoorError(
        'plugin/time-order',
        `clock value ${ticks} after ${this.lastTicks}: the times of a stream do not decrease, and have 64 bits`,
        { where: this.info.path },
      );
    }
    this.lastTicks = ticks;
    return ticks;
  }

  private tell(
    kind: 'stream-beginning' | 'stream-end' | 'packet-beginning' | 'packet-end',
    time: Ticks | undefined,
  ): void {
    const ticks = time === undefined ? undefined : this.advanceTo(time);
    const packet = this.openPacket;
    const { assembler } = this.output.place;
    const { hi, lo } = halves(this.lastTicks);
    this.place(
      ticks,
      (stream) => ({ kind, stream, ...optionalTicks(ticks) }),
      kind !== 'packet-beginning'
        ? undefined
        : () => {
            assembler.loadEmpty(this.made!, () => this.made!.packets.begin(hi, lo, packet));
          },
    );
  }

  private lose(
    kind: Loss['kind'],
    count: Ticks | undefined,
    begin: Ticks | undefined,
    end: Ticks | undefined,
  ): void {
    if (this.state === 'new') this.begin();
    if (this.state === 'ended') this.refuse('a loss');
    const loss = {
      kind,
      stream: this.info,
      ...(count === undefined ? {} : { count: BigInt(count) }),
      ...(begin === undefined ? {} : { beginTicks: BigInt(begin) }),
      ...(end === undefined ? {} : { endTicks: BigInt(end) }),
    };
    this.output.lose(loss);
    this.place(undefined, (stream) => ({ kind: 'loss', stream, loss }));
  }

  private place(
    ticks: bigint | undefined,
    message: (stream: OpenStream) => Message,
    enter?: () => void,
  ): void {
    const put = (): void => {
      this.output.place.assembler.tell({
        message: message(this.made!.open),
        ...(enter === undefined ? {} : { enter }),
      });
    };
    this.output.add({ ticks, put }, this.info);
  }

  private put(index: number, ticks: bigint, values: EventValues, packet: PacketValues): void {
    const made = this.made!;
    const clock = this.info.streamClass.clockClass;
    const { hi, lo } = halves(ticks);
    this.output.place.assembler.make({
      made,
      classIndex: this.classBase + index,
      timeNs: clock === undefined ? 0 : Number(nanosecondsOfClock(clock, ticks) - this.output.baseNs),
      write: () => {
        if (!made.packets.isOpen) made.packets.begin(hi, lo, packet);
        made.packets.append(index, hi, lo, values);
      },
    });
  }
}

function halves(ticks: bigint): { readonly hi: number; readonly lo: number } {
  return { hi: Number(ticks >> 32n), lo: Number(ticks & 0xffff_ffffn) };
}
