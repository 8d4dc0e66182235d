/** The sinks of `spoor convert`: one row each, by the names that select it. */
import { closeSync, openSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import {
  arrowParameters,
  CounterComponent,
  counterOptionsOf,
  counterParameters,
  CtfSinkComponent,
  ctfSinkOptionsOf,
  ctfSinkParameters,
  csvParameters,
  csvSink,
  DetailsComponent,
  detailsOptionsOf,
  detailsParameters,
  DirectoryPlaces,
  DummyComponent,
  FileOutput,
  jsonSink,
  needsTicks,
  nodeCompressors,
  parquetParameters,
  PipePlace,
  PrettyComponent,
  prettyOptionsWith,
  prettyParameters,
  TableFiles,
  type Colors,
  type EventFlow,
  type PrettyOptions,
  type TextOutput,
  type TraceSet,
} from '@spoor/components/node';
import {
  OutputPort,
  type Parameters,
  type ParameterTable,
  type RunnableSink,
  type SinkComponent,
} from '@spoor/graph';
import { suggestion } from '../suggestion.ts';

/** What a sink is made of. */
export interface SinkRequest {
  readonly set: TraceSet;
  /** Opens the events that were asked for. */
  readonly read: () => EventFlow;
  /** Where text goes; opened at the first call. */
  readonly output: () => TextOutput;
  /** What `--output` names. */
  readonly outputPath: string | undefined;
  /** Checked against the sink's table. */
  readonly parameters: Parameters;
  /** The codes of colours, for a `color` parameter. */
  readonly colorsOf: (choice: string | undefined) => Colors;
  readonly pretty: PrettyOptions;
  /** Opens the same traces with ticks as time. */
  readonly openInTicks: () => TraceSet;
  readonly messages: (line: string) => void;
}

/** A sink that `-c` and `-o` can name. */
export interface SinkFormat {
  readonly className: string;
  /** Name for `-o`, if it has one. */
  readonly format?: string;
  readonly description: string;
  readonly parameters: ParameterTable;
  /** Whether what it prints is no text, so that a terminal must not get it. */
  readonly binary?: true;
  /** Makes the sink; one that needs modules which others do without loads them first. */
  make(request: SinkRequest): RunnableSink | Promise<RunnableSink>;
}

function connected(sink: SinkComponent<EventFlow>, { read }: SinkRequest): RunnableSink {
  sink.input.connect(new OutputPort('events', read));
  return sink;
}

/** The directory that a sink writes to, if one is named. */
function directoryOf({ parameters, outputPath }: SinkRequest): string | undefined {
  const given = parameters.get('path');
  const path = typeof given === 'string' ? given : outputPath;
  return path === '' ? undefined : path;
}

function neededDirectory(request: SinkRequest, what: string): string {
  const path = directoryOf(request);
  if (path !== undefined) return path;
  throw new SpoorError('convert/output-missing', `${what} are written to a directory`, {
    hint: 'name it with --output',
  });
}

export const sinkFormats: readonly SinkFormat[] = [
  {
    className: 'sink.text.pretty',
    format: 'text',
    description: 'Prints events as text, one a line.',
    parameters: prettyParameters,
    make: (request) => {
      const { output, pretty, messages, parameters, colorsOf } = request;
      const color = parameters.get('color');
      const colors = typeof color === 'string' ? colorsOf(color) : pretty.colors;
      const options = prettyOptionsWith(parameters, pretty, colors);
      return connected(new PrettyComponent({ output: output(), options, messages }), request);
    },
  },
  {
    className: 'sink.text.details',
    format: 'details',
    description: 'Prints all messages and classes with all that is known of them.',
    parameters: detailsParameters,
    make: (request) => {
      const { set, output, parameters, colorsOf, openInTicks } = request;
      const color = parameters.get('color');
      const options = detailsOptionsOf(parameters, colorsOf(typeof color === 'string' ? color : undefined));
      const common = { output: output(), options };
      const sink = new DetailsComponent(needsTicks(set) ? { ...common, inTicks: openInTicks() } : common);
      return connected(sink, request);
    },
  },
  {
    className: 'sink.ctf.fs',
    format: 'ctf',
    description: 'Writes events as traces of CTF 1.8 or 2 to a directory.',
    parameters: ctfSinkParameters,
    make: (request) => {
      const sink = new CtfSinkComponent({
        options: ctfSinkOptionsOf(request.parameters),
        places: new DirectoryPlaces(neededDirectory(request, 'traces')),
        messages: (line) => process.stdout.write(`${line}\n`),
      });
      return connected(sink, request);
    },
  },
  {
    className: 'sink.text.json',
    format: 'json',
    description: 'Prints events as JSON, one object a line.',
    parameters: {},
    make: (request) => connected(jsonSink(request.output()), request),
  },
  {
    className: 'sink.text.csv',
    format: 'csv',
    description: 'Prints events as a table with a row each.',
    parameters: csvParameters,
    make: (request) => connected(csvSink(request.output(), request.parameters), request),
  },
  {
    className: 'sink.columns.parquet',
    format: 'parquet',
    description: 'Writes events as Parquet tables to a directory.',
    parameters: parquetParameters,
    binary: true,
    make: async (request) => {
      const places = new TableFiles(neededDirectory(request, 'tables'));
      const { parquetSink } = await import('@spoor/components/parquet');
      const sink = parquetSink(places, request.parameters, nodeCompressors, request.messages);
      return connected(sink, request);
    },
  },
  {
    className: 'sink.columns.arrow',
    format: 'arrow',
    description: 'Writes events as Arrow tables to a directory, or as one Arrow stream to standard output.',
    parameters: arrowParameters,
    binary: true,
    make: async (request) => {
      const { parameters, output, messages } = request;
      const path = directoryOf(request);
      if (path === undefined && parameters.get('layout') === 'classes') {
        throw new SpoorError('convert/output-missing', 'standard output takes one table only', {
          hint: 'name a directory with --output, or take layout=wide',
        });
      }
      if (path === undefined && process.stdout.isTTY) {
        throw new SpoorError('convert/terminal', 'an Arrow stream is nothing that a terminal can show', {
          hint: 'send it to a file or a pipe, or name a directory with --output',
        });
      }
      const places = path === undefined ? new PipePlace(output()) : new TableFiles(path);
      const { arrowSink } = await import('@spoor/components/arrow');
      return connected(arrowSink(places, parameters, path === undefined, messages), request);
    },
  },
  {
    className: 'sink.utils.counter',
    description: 'Counts events and other messages.',
    parameters: counterParameters,
    make: (request) => {
      const { output, parameters, colorsOf } = request;
      const options = counterOptionsOf(parameters, colorsOf(undefined));
      return connected(new CounterComponent(output(), options), request);
    },
  },
  {
    className: 'sink.utils.dummy',
    format: 'dummy',
    description: 'Reads events and drops them.',
    parameters: {},
    make: (request) => connected(new DummyComponent(), request),
  },
];

/** Finds a sink by its class or format. @throws SpoorError `convert/unknown-sink`. */
export function sinkFormatOf(asked: string): SinkFormat {
  const found = sinkFormats.find(({ className, format }) => className === asked || format === asked);
  if (found !== undefined) return found;
  const names = sinkFormats.flatMap(({ className, format }) => [
    ...(format === undefined ? [] : [format]),
    className,
  ]);
  throw new SpoorError('convert/unknown-sink', `there is no output ${JSON.stringify(asked)}`, {
    hint: suggestion(asked, names) ?? `one of ${names.join(', ')}`,
  });
}

/** A file or standard output, opened when it is first written to. */
export class LazyOutput {
  private readonly path: string | undefined;
  private descriptor: number | undefined;

  constructor(path: string | undefined) {
    this.path = path;
  }

  open(): TextOutput {
    this.descriptor ??= this.path === undefined ? 1 : openOutput(this.path);
    return new FileOutput(this.descriptor);
  }

  close(): void {
    if (this.descriptor !== undefined && this.descriptor !== 1) closeSync(this.descriptor);
  }
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new SpoorError('convert/output', `cannot write ${path}`, { cause: error });
  }
}
