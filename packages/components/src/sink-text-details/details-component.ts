/** `sink.text.details`. */
import type { Parameters, ParameterTable, RunnableSink } from '@spoor/graph';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import type { TraceSet } from '../source-ctf-fs/trace-set.ts';
import type { Colors } from '../text-colors.ts';
import { DetailsSink } from './details-sink.ts';
import { defaultDetailsOptions, type DetailsOptions } from './options.ts';

/** The parameters of the sink, babeltrace2's. */
export const detailsParameters: ParameterTable = {
  color: { kind: 'choice', choices: ['never', 'auto', 'always'] },
  compact: { kind: 'boolean' },
  'with-data': { kind: 'boolean' },
  'with-metadata': { kind: 'boolean' },
  'with-stream-class-name': { kind: 'boolean' },
  'with-stream-name': { kind: 'boolean' },
  'with-time': { kind: 'boolean' },
  'with-trace-name': { kind: 'boolean' },
  'with-uuid': { kind: 'boolean' },
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
  readonly set: TraceSet;
  readonly output: TextOutput;
  readonly options: DetailsOptions;
  /** The same traces with ticks as time, where `needsTicks` says so. */
  readonly inTicks?: TraceSet;
}

/** Prints all messages of a trace set. */
export class DetailsComponent implements RunnableSink {
  readonly kind = 'sink';
  readonly name = 'sink.text.details';
  private readonly parameters: DetailsComponentParameters;
  private sink: DetailsSink | undefined;

  constructor(parameters: DetailsComponentParameters) {
    this.parameters = parameters;
  }

  consume(): boolean {
    const { set, output, options, inTicks } = this.parameters;
    this.sink ??= new DetailsSink(set, output, options, inTicks);
    return this.sink.consume();
  }

  finish(): void {
    this.sink?.finish();
  }
}
