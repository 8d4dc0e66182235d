/** babeltrace2's warnings of lost events and packets. */
import { lossBeginNs } from '../source-ctf-fs/loss-times.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { EventFlow } from '../event-flow.ts';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import type { PrettyOptions } from './options.ts';
import { wallTime } from './time-text.ts';

/** The warning of one loss, as one line without its end. */
export function lossText(loss: Loss, options: PrettyOptions): string {
  const { stream, kind, count, beginTicks, endTicks } = loss;
  const { trace, streamClass } = stream;
  const noun = kind === 'events' ? 'event' : 'packet';
  let text = 'WARNING: Tracer ';
  text +=
    count === undefined
      ? `may have discarded ${noun}s `
      : `discarded ${count} ${noun}${count === 1n ? '' : 's'} `;
  const clock = streamClass.clockClass;
  if (clock !== undefined && beginTicks !== undefined && endTicks !== undefined) {
    const begin = wallTime(nanosecondsOfClock(clock, beginTicks), options);
    const end = wallTime(nanosecondsOfClock(clock, endTicks), options);
    text += `between [${begin}] and [${end}]`;
  } else {
    text += '(unknown time range)';
  }
  const uuid = trace.traceClass.uuid;
  text += ` in trace "${trace.name}" `;
  text += uuid === undefined ? '(no UUID) ' : `(UUID: ${uuid}) `;
  return `${text}within stream "${stream.path}" (stream class ID: ${streamClass.id}, stream ID: ${stream.id}).`;
}

/** Prints the losses of a flow when the events reach them. */
export class LossPrinter {
  private taken = 0;
  private waiting: { readonly timeNs: number; readonly loss: Loss }[] = [];
  private readonly flow: EventFlow;
  private readonly options: PrettyOptions;
  private readonly messages: (line: string) => void;

  constructor(flow: EventFlow, options: PrettyOptions, messages: (line: string) => void) {
    this.flow = flow;
    this.options = options;
    this.messages = messages;
  }

  /** Prints what began up to a time, in order of beginning. */
  printUpTo(timeNs: number): void {
    const { losses, baseNs } = this.flow;
    if (this.taken === losses.length && this.waiting.length === 0) return;
    for (; this.taken < losses.length; this.taken++) {
      const loss = losses[this.taken]!;
      const begin = lossBeginNs(loss, baseNs) ?? -Infinity;
      this.waiting.push({ timeNs: begin, loss });
    }
    this.waiting.sort((left, right) => left.timeNs - right.timeNs);
    let ready = 0;
    while (ready < this.waiting.length && this.waiting[ready]!.timeNs <= timeNs) {
      this.messages(lossText(this.waiting[ready]!.loss, this.options));
      ready++;
    }
    this.waiting = this.waiting.slice(ready);
  }
}
