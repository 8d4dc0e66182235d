/** `sink.utils.dummy`: reads everything, keeps nothing. */
import { InputPort, type ParameterTable, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { EventFields } from '../source-ctf-fs/event-fields.ts';

export const dummyParameters: ParameterTable = {
  decode: {
    kind: 'boolean',
    text: 'Decode every field of every event; without it only what is needed to find the next event is read.',
  },
};

/** Reads the events that come in. */
export class DummyComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.utils.dummy';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly decodes: boolean;
  private flow: EventFlow | undefined;
  private fields: EventFields | undefined;

  /** @param decodes whether to decode every field of every event. */
  constructor(decodes = false) {
    this.decodes = decodes;
  }

  consume(): boolean {
    this.flow ??= this.input.open({ inWindows: true });
    if (!this.flow.next()) return false;
    if (this.decodes) this.decodeBatch(this.flow);
    return true;
  }

  private decodeBatch(flow: EventFlow): void {
    this.fields ??= new EventFields(flow);
    const { fields } = this;
    const { count } = flow.batch;
    for (let row = 0; row < count; row++) fields.decode(row);
  }

  finish(): void {}
}
