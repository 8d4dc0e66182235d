/** `sink.text.details`. */
import { InputPort, type Parameters, type ParameterTable, type SinkComponent } from '@spoor/graph';
import { messagesOf, type EventFlow } from '../event-flow.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { Colors } from '../text-colors.ts';
import { DetailsSink } from './details-sink.ts';
import { defaultDetailsOptions, type DetailsOptions } from './options.ts';

/** The parameters of the sink, babeltrace2's. */
export const detailsParameters: ParameterTable = {
  color: {
    kind: 'choice',
    choices: ['never', 'auto', 'always'],
    text: 'Colours: auto (the default) where the terminal shows them.',
  },
  compact: { kind: 'boolean', text: 'Print one line a message, without fields and clock values.' },
  'with-data': { kind: 'boolean', text: 'Print the messages (default: yes).' },
  'with-metadata': { kind: 'boolean', text: 'Print trace, stream and event classes (default: yes).' },
  'with-stream-class-name': { kind: 'boolean', text: 'Print the names of stream classes (default: yes).' },
  'with-stream-name': { kind: 'boolean', text: 'Print the names of streams (default: yes).' },
  'with-time': { kind: 'boolean', text: 'Print the time of each message (default: yes).' },
  'with-trace-name': { kind: 'boolean', text: 'Print the names of traces (default: yes).' },
  'with-uuid': { kind: 'boolean', text: 'Print UUIDs (default: yes).' },
};

/** Options of checked parameters. */
export function detailsOptionsOf(parameters: Parameters, colors: Colors): DetailsOptions {
  const flag = (name: string, preset: boolean): boolean => {
    const value = parameters.get(name);
    return typeof value === 'boolean' ? value : preset;
  };
  return {
    withMetadata: flag('with-metadata', defaultDetailsOptions.withMetadata),
    withData: flag('with-data', defaultDetailsOptions.withData),
    compact: flag('compact', defaultDetailsOptions.compact),
    withTime: flag('with-time', defaultDetailsOptions.withTime),
    withTraceName: flag('with-trace-name', defaultDetailsOptions.withTraceName),
    withStreamClassName: flag('with-stream-class-name', defaultDetailsOptions.withStreamClassName),
    withStreamName: flag('with-stream-name', defaultDetailsOptions.withStreamName),
    withUuid: flag('with-uuid', defaultDetailsOptions.withUuid),
    colors,
  };
}

/** What the sink needs. */
export interface DetailsComponentParameters {
  readonly output: TextOutput;
  readonly options: DetailsOptions;
}

/** Prints all messages that come in. */
export class DetailsComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.text.details';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly parameters: DetailsComponentParameters;
  private sink: DetailsSink | undefined;

  constructor(parameters: DetailsComponentParameters) {
    this.parameters = parameters;
  }

  consume(): boolean {
    const { output, options } = this.parameters;
    this.sink ??= new DetailsSink(messagesOf(this.input.open()), output, options);
    return this.sink.consume();
  }

  finish(): void {
    this.sink?.finish();
  }
}
