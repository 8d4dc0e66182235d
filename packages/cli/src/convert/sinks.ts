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
  defaultPrettyOptions,
  DetailsComponent,
  detailsOptionsOf,
  detailsParameters,
  DirectoryPlaces,
  DummyComponent,
  dummyParameters,
  FileOutput,
  jsonParameters,
  jsonSink,
  nodeCompressors,
  OtlpSink,
  parquetParameters,
  PipePlace,
  PrettyComponent,
  prettyOptionsWith,
  prettyParameters,
  TableFiles,
  type Colors,
  type EventFlow,
  type StartedHelper,
  type TextOutput,
} from '@spoor/components/node';
import type { Parameters, ParameterTable, SinkComponent } from '@spoor/graph';
import { printHelpersFor } from '../print-threads.ts';

/** What a sink is made of. */
export interface SinkRequest {
  /** Checked against the sink's table. */
  readonly parameters: Parameters;
  /** Where text goes: the file that `path` names, or standard output. */
  readonly output: () => TextOutput;
  /** The codes of colours, for a `color` parameter. */
  readonly colorsOf: (choice: string | undefined) => Colors;
  /** Takes what is told of losses, one line each. */
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
  make(request: SinkRequest): SinkComponent<EventFlow> | Promise<SinkComponent<EventFlow>>;
}

function textParameter(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name);
  return typeof value === 'string' ? value : undefined;
}

function neededDirectory({ parameters }: SinkRequest, what: string): string {
  const path = textParameter(parameters, 'path');
  if (path !== undefined && path !== '') return path;
  throw new SpoorError('convert/output-missing', `${what} are written to a directory`, {
    hint: 'name it with --output',
  });
}

const pathParameter: ParameterTable = {
  path: { kind: 'string', text: 'File that the text is written to; without it standard output.' },
};

export const sinkFormats: readonly SinkFormat[] = [
  {
    className: 'sink.text.pretty',
    format: 'text',
    description: 'Prints events as text, one a line.',
    parameters: prettyParameters,
    make: ({ output, messages, parameters, colorsOf }) => {
      const colors = colorsOf(textParameter(parameters, 'color'));
      const options = prettyOptionsWith(parameters, defaultPrettyOptions, colors);
      const workers = parameters.get('workers');
      const wanted = workers === undefined ? undefined : Number(workers);
      if (wanted !== undefined && !(wanted >= 1 && wanted <= 64)) {
        throw new SpoorError('convert/workers', `from 1 to 64 threads can print, not ${wanted}`);
      }
      const helpers = (flow: EventFlow): readonly StartedHelper[] => printHelpersFor(flow, options, wanted);
      return new PrettyComponent({ output: output(), options, messages, helpers });
    },
  },
  {
    className: 'sink.text.details',
    format: 'details',
    description: 'Prints all messages and classes with all that is known of them.',
    parameters: { ...detailsParameters, ...pathParameter },
    make: ({ output, parameters, colorsOf }) => {
      const options = detailsOptionsOf(parameters, colorsOf(textParameter(parameters, 'color')));
      return new DetailsComponent({ output: output(), options });
    },
  },
  {
    className: 'sink.ctf.fs',
    format: 'ctf',
    description: 'Writes events as traces of CTF 1.8 or 2 to a directory.',
    parameters: ctfSinkParameters,
    make: (request) =>
      new CtfSinkComponent({
        options: ctfSinkOptionsOf(request.parameters),
        places: new DirectoryPlaces(neededDirectory(request, 'traces')),
        messages: (line) => process.stdout.write(`${line}\n`),
      }),
  },
  {
    className: 'sink.text.json',
    format: 'json',
    description: 'Prints events as JSON, one object a line.',
    parameters: { ...jsonParameters, ...pathParameter },
    make: ({ output, parameters }) => jsonSink(output(), parameters),
  },
  {
    className: 'sink.text.csv',
    format: 'csv',
    description: 'Prints events as a table with a row each.',
    parameters: { ...csvParameters, ...pathParameter },
    make: ({ output, parameters }) => csvSink(output(), parameters),
  },
  {
    className: 'sink.otlp.json',
    format: 'otlp-json',
    description:
      'Prints spans as OTLP/JSON for collectors of OpenTelemetry, a request of up to 512 spans a line.',
    parameters: pathParameter,
    make: ({ output, messages }) => new OtlpSink(output(), messages),
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
      return parquetSink(places, request.parameters, nodeCompressors(), request.messages);
    },
  },
  {
    className: 'sink.columns.arrow',
    format: 'arrow',
    description: 'Writes events as Arrow tables to a directory, or as one Arrow stream to standard output.',
    parameters: arrowParameters,
    binary: true,
    make: async ({ parameters, output, messages }) => {
      const given = textParameter(parameters, 'path');
      const path = given === '' ? undefined : given;
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
      return arrowSink(places, parameters, path === undefined, messages);
    },
  },
  {
    className: 'sink.utils.counter',
    description: 'Counts events and other messages.',
    parameters: { ...counterParameters, ...pathParameter },
    make: ({ output, parameters, colorsOf }) =>
      new CounterComponent(output(), counterOptionsOf(parameters, colorsOf(undefined))),
  },
  {
    className: 'sink.utils.dummy',
    format: 'dummy',
    description: 'Reads events and drops them.',
    parameters: dummyParameters,
    make: ({ parameters }) => new DummyComponent(parameters.get('decode') === true),
  },
];

/** Files that text is written to; standard output is not closed. */
export class TextOutputs {
  private readonly descriptors: number[] = [];
  /** Whether a sink writes text to standard output. */
  printsText = false;

  /** @throws SpoorError `convert/output` when the file cannot be made. */
  open(path: string | undefined, isText = true): TextOutput {
    if (path === undefined || path === '') {
      this.printsText ||= isText;
      return new FileOutput(1);
    }
    const descriptor = openOutput(path);
    this.descriptors.push(descriptor);
    return new FileOutput(descriptor, path);
  }

  close(): void {
    for (const descriptor of this.descriptors.splice(0)) closeSync(descriptor);
  }
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new SpoorError('convert/output', `cannot write ${path}`, { cause: error });
  }
}
