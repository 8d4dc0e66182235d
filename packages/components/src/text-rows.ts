/** A sink that prints one line of text an event. */
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from './event-flow.ts';
import type { TextOutput } from './sink-text-pretty/pretty-sink.ts';
import { EventView } from './source-ctf-fs/event-view.ts';

/** Text gathered before a write. */
const flushCharacters = 1 << 16;

/** Makes the line of an event, its end included. `timeNs` is counted from the clock's origin. */
export type RowText = (event: EventView, timeNs: bigint) => string;

/** Prints what a function makes of each event. */
export class TextRows implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name: string;
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly output: TextOutput;
  private readonly row: RowText;
  private readonly encoder = new TextEncoder();
  private text: string;
  private flow: EventFlow | undefined;
  private view: EventView | undefined;

  /** @param head what is printed first. */
  constructor(name: string, output: TextOutput, head: string, row: RowText) {
    this.name = name;
    this.output = output;
    this.text = head;
    this.row = row;
  }

  consume(): boolean {
    this.flow ??= this.input.open();
    const { flow } = this;
    this.view ??= new EventView(flow.batch, flow.streams, flow.eventClasses);
    if (!flow.next()) return false;
    for (let row = 0; row < flow.batch.count; row++) {
      const event = this.view.moveTo(row);
      this.text += this.row(event, flow.baseNs + BigInt(event.timeNs));
      if (this.text.length >= flushCharacters) this.flush();
    }
    return true;
  }

  finish(): void {
    this.flush();
  }

  private flush(): void {
    const bytes = this.encoder.encode(this.text);
    this.output.write(bytes, bytes.length);
    this.text = '';
  }
}
