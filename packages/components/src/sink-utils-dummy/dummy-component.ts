/** `sink.utils.dummy`: reads everything, keeps nothing. */
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';

/** Reads the events that come in. */
export class DummyComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.utils.dummy';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private flow: EventFlow | undefined;

  consume(): boolean {
    this.flow ??= this.input.open();
    return this.flow.next();
  }

  finish(): void {}
}
