/** The work of `spoor convert`. */
import { closeSync, openSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { ClockClass } from '@spoor/ctf';
import { OutputPort, run, type SinkComponent } from '@spoor/graph';
import {
  ClosedPipeError,
  CounterComponent,
  defaultPrettyOptions,
  DummyComponent,
  FileOutput,
  openTrace,
  parseFields,
  parseNames,
  parseTimeBound,
  PrettyComponent,
  type EventFlow,
  type PrettyOptions,
  type TextOutput,
  type TimeRange,
  type TraceSet,
} from '@spoor/components/node';
import type { ConvertOptions } from '../commands/convert.ts';

type SinkName = 'text' | 'counter' | 'dummy';

const sinkNames: Readonly<Record<string, SinkName>> = {
  text: 'text',
  dummy: 'dummy',
  'sink.text.pretty': 'text',
  'sink.utils.counter': 'counter',
  'sink.utils.dummy': 'dummy',
};

function sinkOf(options: ConvertOptions): SinkName {
  const asked = options.component ?? options.outputFormat ?? 'text';
  const name = sinkNames[asked];
  if (name === undefined) {
    throw new SpoorError('convert/unknown-sink', `there is no output ${JSON.stringify(asked)}`, {
      hint: `one of ${Object.keys(sinkNames).join(', ')}`,
    });
  }
  return name;
}

function prettyOptionsOf(options: ConvertOptions): PrettyOptions {
  return {
    ...defaultPrettyOptions,
    clockCycles: options.clockCycles ?? false,
    clockDate: options.clockDate ?? false,
    clockGmt: options.clockGmt ?? false,
    clockSeconds: options.clockSeconds ?? false,
    noDelta: !options.delta,
    ...(options.names === undefined ? {} : parseNames(options.names)),
    ...(options.fields === undefined ? {} : parseFields(options.fields)),
  };
}

function timeRangeOf(set: TraceSet, options: ConvertOptions): TimeRange {
  const gmt = options.clockGmt ?? false;
  const { begin, end } = options;
  return {
    ...(begin === undefined ? {} : { beginNs: parseTimeBound(begin, gmt, set.baseNs) }),
    ...(end === undefined ? {} : { endNs: parseTimeBound(end, gmt, set.baseNs) }),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints the warnings that came since the last call. */
function warningPrinter(set: TraceSet): () => void {
  let told = 0;
  return () => {
    for (; told < set.warnings.length; told++) say(`spoor: ${set.warnings[told]!}`);
  };
}

/**
 * Reads the traces and hands their events to the sink that the options name.
 * @returns the exit status: 1 when a trace is damaged, whatever of it could be read.
 */
export function convert(directories: readonly string[], options: ConvertOptions): number {
  const sinkName = sinkOf(options);
  const pretty = prettyOptionsOf(options);
  const set = openFor(directories, options);
  const range = timeRangeOf(set, options);
  const warn = warningPrinter(set);
  const descriptor = options.output === undefined ? 1 : openOutput(options.output);
  const output = new FileOutput(descriptor);
  try {
    const sink = makeSink(sinkName, output, pretty);
    sink.input.connect(new OutputPort('events', () => set.read(range)));
    run([sink], { onRound: warn });
  } catch (error) {
    // `spoor DIR | head` has seen enough.
    if (error instanceof ClosedPipeError) return 0;
    throw error;
  } finally {
    warn();
    if (descriptor !== 1) closeSync(descriptor);
  }
  return set.warnings.length === 0 ? 0 : 1;
}

/** Opens the traces; for `--clock-cycles` of clocks that do not tick in nanoseconds, with time in ticks. */
function openFor(directories: readonly string[], options: ConvertOptions): TraceSet {
  const set = openTrace(directories);
  if (options.clockCycles !== true) return set;
  const clocks = new Map<string, ClockClass>();
  for (const { streamClass } of set.streams) {
    const clock = streamClass.clockClass;
    if (clock === undefined) continue;
    clocks.set(`${clock.frequencyHz} ${clock.offsetSeconds} ${clock.offsetTicks}`, clock);
  }
  if ([...clocks.values()].every(({ frequencyHz }) => frequencyHz === 1_000_000_000n)) return set;
  if (clocks.size > 1 || options.begin !== undefined || options.end !== undefined) {
    throw new SpoorError(
      'convert/clock-cycles',
      '--clock-cycles works with one clock only, and without --begin and --end, where clocks are not of 1 GHz',
    );
  }
  return openTrace(directories, { ticksAsTime: true });
}

function makeSink(name: SinkName, output: TextOutput, options: PrettyOptions): SinkComponent<EventFlow> {
  switch (name) {
    case 'text':
      return new PrettyComponent({ output, options, messages: say });
    case 'counter':
      return new CounterComponent(output);
    case 'dummy':
      return new DummyComponent();
    default: {
      const never: never = name;
      throw new TypeError(String(never));
    }
  }
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new SpoorError('convert/output', `cannot write ${path}`, { cause: error });
  }
}
