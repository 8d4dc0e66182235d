/** Events and other messages as lines for a program: docs/design/component-pipe.md. */
import type { EventBatch, FieldValue } from '@spoor/ctf';
import type { Flow, Message } from '../event-flow.ts';
import { StreamMessage } from '../plugin/stream-message.ts';
import { jsonOf } from '../sink-text-json/json-value.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { WantedKinds } from './pipe-messages.ts';

/** So many characters of lines are written at a time. */
const mostCharacters = 1_000_000;

/** What is known of the events to come, as a line. */
export function beginLine(flow: Flow): string {
  const streams = flow.streams.flatMap((stream, index) => {
    if (stream === undefined) return [];
    const { trace, id, path } = stream.info;
    return { stream: index, trace: trace.name, id, path };
  });
  return `${JSON.stringify({ type: 'begin', streams })}\n`;
}

/** A message that is no event, as a line; undefined where the program does not want its kind. */
export function messageLine(message: Message, wanted: WantedKinds, number: number): string | undefined {
  const told = new StreamMessage(message);
  if (!wanted.has(told.kind)) return undefined;
  const { ns, endNs, count } = told;
  const isLoss = message.kind === 'loss';
  return (
    `{"type":"${told.kind}","message":${number},"stream":${message.stream.info.index}` +
    (ns === undefined ? '' : `,"${isLoss ? 'begin' : 'time'}":${ns}`) +
    (endNs === undefined ? '' : `,"end":${endNs}`) +
    (count === undefined ? '' : `,"count":${count}`) +
    (message.kind === 'packet-beginning' ? `,"packet":${jsonOf(told.packetContext())}` : '') +
    '}\n'
  );
}

/** The rows of a batch as lines. */
export class EventLines {
  private readonly view: EventView;
  private readonly batch: EventBatch;
  private readonly baseNs: bigint;
  /** `"name":…` by class. */
  private readonly names: string[] = [];
  /** The packet context that was written last, and its text: events of one packet follow each other. */
  private packet: { readonly [member: string]: FieldValue } | undefined;
  private packetText = '';

  constructor({ batch, streams, eventClasses, baseNs }: Flow) {
    this.batch = batch;
    this.baseNs = baseNs;
    this.view = new EventView(batch, streams, eventClasses);
  }

  /** Lines of rows from `from` on, up to about a megabyte, and the row after them. */
  lines(from: number): { readonly text: string; readonly next: number } {
    const { batch, view, baseNs, names } = this;
    let text = '';
    let row = from;
    for (; row < batch.count && text.length < mostCharacters; row++) {
      const event = view.moveTo(row);
      const name = (names[event.classIndex] ??= `"name":${JSON.stringify(event.name)}`);
      text +=
        `{"type":"event","event":${row},"stream":${batch.streamIndex[row]},${name}` +
        `,"time":${baseNs + BigInt(event.timeNs)},"payload":${jsonOf(event.payload())}` +
        `,"context":${jsonOf(event.commonContext())},"packet":${this.packetOf(event)}}\n`;
    }
    return { text, next: row };
  }

  private packetOf(event: EventView): string {
    const context = event.packetContext();
    if (context !== this.packet) {
      this.packet = context;
      this.packetText = jsonOf(context);
    }
    return this.packetText;
  }
}
