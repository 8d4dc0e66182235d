/** The work of `spoor convert`. */
import { SpoorError } from '@spoor/base';
import type { ClockClass } from '@spoor/ctf';
import {
  ClosedPipeError,
  defaultPrettyOptions,
  EventsFilter,
  openTrace,
  parseFields,
  parseNames,
  parseTimeBound,
  type PrettyOptions,
  type TimeRange,
  type TraceSet,
} from '@spoor/components/node';
import { checkParameters, OutputPort, parseParameters, run } from '@spoor/graph';
import type { ConvertOptions } from '../commands/convert.ts';
import { colorsFor } from './colors.ts';
import { LazyOutput, sinkFormatOf } from './sinks.ts';

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

/** The component that `--event` and `--filter` ask for. */
function filterOf({ event, filter }: ConvertOptions): EventsFilter | undefined {
  if (event === undefined && filter === undefined) return undefined;
  return new EventsFilter({
    ...(event === undefined ? {} : { names: event }),
    ...(filter === undefined ? {} : { filter }),
    messages: (line) => say(`spoor: ${line}`),
  });
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
  const component = options.component?.at(-1);
  const format = sinkFormatOf(component?.className ?? options.outputFormat ?? 'text');
  const parameters = parseParameters(component?.parameters.join(',') ?? '');
  checkParameters(format.className, parameters, format.parameters);
  const pretty = prettyOptionsOf(options);
  const filter = filterOf(options);
  const set = openFor(directories, options);
  const range = timeRangeOf(set, options);
  const warn = warningPrinter(set);
  const output = new LazyOutput(options.output);
  try {
    const events = new OutputPort('events', () => set.read(range));
    filter?.input.connect(events);
    const sink = format.make({
      set,
      read: (filter?.output ?? events).open,
      output: () => output.open(),
      outputPath: options.output,
      parameters,
      colorsOf: colorsFor,
      pretty,
      openInTicks: () => openTrace(directories, { ticksAsTime: true }),
      trims: range.beginNs !== undefined || range.endNs !== undefined || filter !== undefined,
      messages: say,
    });
    run([sink], { onRound: warn });
  } catch (error) {
    // `spoor DIR | head` has seen enough.
    if (error instanceof ClosedPipeError) return 0;
    throw error;
  } finally {
    warn();
    output.close();
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
