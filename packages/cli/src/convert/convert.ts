/** The work of `spoor convert`. */
import { SpoorError } from '@spoor/base';
import type { ClockClass } from '@spoor/ctf';
import {
  clockNotices,
  ClosedPipeError,
  defaultPrettyOptions,
  openDmesg,
  openTrace,
  parseFields,
  parseNames,
  parseTimeBound,
  type OpenOptions,
  type PrettyOptions,
  type TimeRange,
  type TraceSet,
} from '@spoor/components/node';
import { OutputPort, run } from '@spoor/graph';
import type { ConvertOptions } from '../commands/convert.ts';
import { colorsFor, colorsSupported } from './colors.ts';
import { planComponents, type ComponentPlan } from './components.ts';
import { optionFilter, type FilterRequest } from './filters.ts';
import { printRunArguments } from './run-arguments.ts';
import { strictFlow } from './strict-flow.ts';
import { LazyOutput, sinkFormatOf } from './sinks.ts';

function prettyOptionsOf(options: ConvertOptions): PrettyOptions {
  return {
    ...defaultPrettyOptions,
    clockCycles: options.clockCycles ?? false,
    clockDate: options.clockDate ?? false,
    clockGmt: options.clockGmt ?? false,
    clockSeconds: options.clockSeconds ?? false,
    noDelta: options.delta === false,
    colors: colorsFor(options.color),
    ...(options.names === undefined ? {} : parseNames(options.names)),
    ...(options.fields === undefined ? {} : parseFields(options.fields)),
  };
}

/** The bounds of `--timerange`. */
function splitRange(text: string): readonly [string, string] {
  const found = /^\[?([^,]+),([^,\]]+)\]?$/.exec(text);
  if (found !== null) return [found[1]!.trim(), found[2]!.trim()];
  throw new SpoorError('convert/time', `--timerange ${JSON.stringify(text)} is not BEGIN,END`);
}

function timeRangeOf(set: TraceSet, options: ConvertOptions, plan: ComponentPlan): TimeRange {
  const gmt = options.clockGmt ?? plan.gmt ?? false;
  const [rangeBegin, rangeEnd] = options.timerange === undefined ? [] : splitRange(options.timerange);
  const begin = options.begin ?? rangeBegin ?? plan.begin;
  const end = options.end ?? rangeEnd ?? plan.end;
  const range = {
    ...(begin === undefined ? {} : { beginNs: parseTimeBound(begin, gmt, set.baseNs) }),
    ...(end === undefined ? {} : { endNs: parseTimeBound(end, gmt, set.baseNs) }),
  };
  if (range.beginNs !== undefined && range.endNs !== undefined && range.beginNs > range.endNs) {
    throw new SpoorError('convert/time', 'the time range ends before it begins');
  }
  return range;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The filters of components, then that of `--event` and `--filter`. */
function filtersOf({ event, filter }: ConvertOptions, { filters }: ComponentPlan): readonly FilterRequest[] {
  const last = optionFilter(event, filter);
  return last === undefined ? filters : [...filters, last];
}

/** Prints the warnings that came since the last call. */
function warningPrinter(set: TraceSet): () => void {
  let told = 0;
  return () => {
    for (; told < set.warnings.length; told++) say(`spoor: ${set.warnings[told]!}`);
  };
}

/** Refuses what is not there, rather than doing something else. */
function refuseAbsent(options: ConvertOptions): void {
  if (options.streamIntersection === true) {
    throw new SpoorError('convert/absent', '--stream-intersection is not there', {
      hint: 'give the range that all streams have by --timerange',
    });
  }
  if (options.debugInfo === true) {
    throw new SpoorError('convert/absent', '--debug-info is not there', { hint: 'leave it out' });
  }
}

/**
 * Reads the traces and hands their events to the sink that the options name.
 * @returns the exit status: 1 when a trace is damaged, whatever of it could be read.
 */
export async function convert(paths: readonly string[], options: ConvertOptions): Promise<number> {
  refuseAbsent(options);
  const plan = planComponents(options.component ?? []);
  const { format, parameters } = plan.sink ?? {
    format: sinkFormatOf(options.outputFormat ?? 'text'),
    parameters: new Map(),
  };
  const directories = [...plan.inputs, ...paths];
  if (directories.length === 0 && plan.dmesg.length === 0) {
    throw new SpoorError('convert/no-input', 'no directory is given', {
      hint: 'give a directory with traces in or below it; --help tells more',
    });
  }
  const requests = filtersOf(options, plan);
  if (options.runArgs === true || options.runArgs0 === true) {
    printRunArguments(directories, options, plan, requests);
    return 0;
  }
  const pretty = prettyOptionsOf(options);
  const filters = requests.map(({ make }) => make((line) => say(`spoor: ${line}`)));
  const opening = clocksOf(options, plan);
  const others = plan.dmesg.flatMap(({ input }) => openDmesg(input) ?? []);
  const open = (how: OpenOptions): TraceSet => openTrace(directories, how, others);
  const set = openFor(open, options, opening);
  for (const notice of clockNotices(plan.clockRules, set.traces)) say(`spoor: ${notice}`);
  const range = timeRangeOf(set, options, plan);
  const warn = options.strict === true ? strictChecker(set) : warningPrinter(set);
  const path = parameters.get('path');
  const output = new LazyOutput(options.output ?? (typeof path === 'string' ? path : undefined));
  try {
    warn();
    let events = new OutputPort('events', () =>
      options.strict === true ? strictFlow(set.read(range)) : set.read(range),
    );
    for (const filter of filters) {
      filter.inputs[0]!.connect(events);
      events = filter.output;
    }
    const sink = await format.make({
      set,
      read: events.open,
      output: () => output.open(),
      outputPath: options.output,
      parameters,
      colorsOf: colorsFor,
      pretty,
      openInTicks: () => open({ ...opening, ticksAsTime: true }),
      messages: say,
    });
    run([sink], { onRound: warn });
    warn();
    // As babeltrace2 does, whatever was printed: terminals are left without colours.
    if (options.output === undefined && path === undefined && format.binary !== true && colorsSupported()) {
      output.open().write(new TextEncoder().encode('\u001b[0m'), 4);
    }
  } catch (error) {
    // `spoor DIR | head` has seen enough.
    if (error instanceof ClosedPipeError) return 0;
    if (options.strict !== true) warn();
    throw error;
  } finally {
    output.close();
  }
  return set.warnings.length === 0 ? 0 : 1;
}

/** Ends the reading at the first thing that is wrong. */
function strictChecker(set: TraceSet): () => void {
  return () => {
    const [first] = set.warnings;
    if (first !== undefined) throw new SpoorError('convert/strict', first);
  };
}

function clocksOf(options: ConvertOptions, plan: ComponentPlan): OpenOptions {
  const seconds = (options.clockOffset ?? 0n) + plan.offsetSeconds;
  const nanoseconds = (options.clockOffsetNs ?? 0n) + plan.offsetNanoseconds;
  const clockRules = [
    ...plan.clockRules,
    ...(options.clockForceCorrelate === true ? [{ unixEpoch: true }] : []),
  ];
  return {
    ...(seconds === 0n && nanoseconds === 0n ? {} : { clockOffset: { seconds, nanoseconds } }),
    ...(clockRules.length === 0 ? {} : { clockRules }),
  };
}

/** Opens the traces; for `--clock-cycles` of clocks that do not tick in nanoseconds, with time in ticks. */
function openFor(
  open: (how: OpenOptions) => TraceSet,
  options: ConvertOptions,
  opening: OpenOptions,
): TraceSet {
  const set = open(opening);
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
  return open({ ...opening, ticksAsTime: true });
}
