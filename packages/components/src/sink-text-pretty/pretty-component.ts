/** `sink.text.pretty`. */
import { InputPort, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { defaultPrettyOptions, type PrettyOptions } from './options.ts';
import { PrettySink, type TextOutput } from './pretty-sink.ts';
import type { StartedHelper } from './print-slot.ts';
import { ThreadedPrettySink } from './threaded-pretty.ts';

/** What the sink needs. */
export interface PrettyParameters {
  readonly output: TextOutput;
  /** Hears of lost events and packets, one line each. */
  readonly messages: (line: string) => void;
  readonly options?: PrettyOptions;
  /** Starts threads that print a part of a flow's events, if any: see {@link servePrinting}. */
  readonly helpers?: (flow: EventFlow) => readonly StartedHelper[];
}

/** Prints the events that come in. */
export class PrettyComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.text.pretty';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly parameters: PrettyParameters;
  private flow: EventFlow | undefined;
  private sink: PrettySink | ThreadedPrettySink | undefined;

  constructor(parameters: PrettyParameters) {
    this.parameters = parameters;
  }

  consume(): boolean {
    const { options = defaultPrettyOptions } = this.parameters;
    this.flow ??= this.input.open({ inWindows: true, ticksAsTime: options.clockCycles });
    this.sink ??= this.makeSink(this.flow, options);
    if (!this.flow.next()) return false;
    this.sink.consume(this.flow.batch);
    return true;
  }

  private makeSink(flow: EventFlow, options: PrettyOptions): PrettySink | ThreadedPrettySink {
    const { output, messages, helpers } = this.parameters;
    return helpers === undefined
      ? new PrettySink(flow, output, options, messages)
      : new ThreadedPrettySink(flow, output, options, messages, () => helpers(flow));
  }

  finish(): void {
    this.sink?.finish();
  }
}
