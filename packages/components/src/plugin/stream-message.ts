/** What is no event, as an author of components sees it. */
import type { FieldValue } from '@spoor/ctf';
import type { Flow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { StreamInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';

/** Kinds of messages that are no events. */
export const streamMessageKinds = [
  'stream-beginning',
  'stream-end',
  'packet-beginning',
  'packet-end',
  'discarded-events',
  'discarded-packets',
  'inactivity',
] as const;

export type StreamMessageKind = (typeof streamMessageKinds)[number];

/** The beginning or end of a stream or packet, a loss, or inactivity: a window on the message at hand. */
export class StreamMessage {
  readonly kind: StreamMessageKind;
  readonly stream: StreamInfo;
  /** Clock value, if it is known; of a loss, where it begins. */
  readonly ticks: bigint | undefined;
  /** Clock value at which a loss ends. */
  readonly endTicks: bigint | undefined;
  /** How much was lost, if that is known. */
  readonly count: bigint | undefined;
  private readonly open: OpenStream;

  constructor(message: Message) {
    this.open = message.stream;
    this.stream = message.stream.info;
    if (message.kind === 'loss') {
      const { kind, beginTicks, endTicks, count } = message.loss;
      this.kind = `discarded-${kind}`;
      this.ticks = beginTicks;
      this.endTicks = endTicks;
      this.count = count;
    } else {
      this.kind = message.kind;
      this.ticks = message.ticks;
      this.endTicks = undefined;
      this.count = undefined;
    }
  }

  /** Nanoseconds from the clock's origin, if they are known; of a loss, where it begins. */
  get ns(): bigint | undefined {
    return this.nsOf(this.ticks);
  }

  /** Nanoseconds from the clock's origin at which a loss ends. */
  get endNs(): bigint | undefined {
    return this.nsOf(this.endTicks);
  }

  private nsOf(ticks: bigint | undefined): bigint | undefined {
    const clock = this.stream.streamClass.clockClass;
    return clock === undefined || ticks === undefined ? undefined : nanosecondsOfClock(clock, ticks);
  }

  /** Members of the context of the packet that begins; of other messages it is that of the last packet, if any. */
  packetContext(): { readonly [member: string]: FieldValue } {
    return this.open.packetContext();
  }
}

/** The other face of a flow that finds messages. */
export function messageFlow(
  flow: Flow,
  next: () => NextMessage,
  message: () => Message | undefined,
): MessageFlow {
  const { batch, streams, eventClasses, baseNs } = flow;
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    get losses() {
      return flow.losses;
    },
    get message() {
      return message();
    },
    next,
  };
}
