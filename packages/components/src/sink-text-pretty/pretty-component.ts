/** `sink.text.pretty`. */
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { defaultPrettyOptions, type PrettyOptions } from './options.ts';
import { PrettySink, type TextOutput } from './pretty-sink.ts';

/** What the sink needs. */
export interface PrettyParameters {
  readonly output: TextOutput;
  /** Hears of lost events and packets, one line each. */
  readonly messages: (line: string) => void;
  readonly options?: PrettyOptions;
}

/** Prints the events that come in. */
export class PrettyComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.text.pretty';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly parameters: PrettyParameters;
  private flow: EventFlow | undefined;
  private sink: PrettySink | undefined;

  constructor(parameters: PrettyParameters) {
    this.parameters = parameters;
  }

  consume(): boolean {
    const { output, messages, options = defaultPrettyOptions } = this.parameters;
    this.flow ??= this.input.open(options.clockCycles ? { ticksAsTime: true } : {});
    this.sink ??= new PrettySink(this.flow, output, options, messages);
    if (!this.flow.next()) return false;
    this.sink.consume(this.flow.batch);
    return true;
  }

  finish(): void {
    this.sink?.finish();
  }
}
