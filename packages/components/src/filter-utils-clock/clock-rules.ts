/**
 * `filter.utils.clock`: moves clocks, of all traces or of some. It changes the order of events, so it has its place
 * before the muxer: where traces are opened.
 */
import { SpoorError, closestName } from '@spoor/base';
import type { ClockClass, TraceClass } from '@spoor/ctf';
import { globMatches, parseGlob } from '@spoor/filter';
import type { ClockOffset, ClockRule, Parameters, ParameterTable } from '@spoor/graph';
import type { TraceInfo } from '../source-ctf-fs/trace-info.ts';

export type { ClockOffset, ClockRule };

/** The parameters of the filter. */
export const clockParameters: ParameterTable = {
  traces: {
    kind: 'strings',
    text: 'Names or paths of the traces meant; `*` stands for any text. All without it.',
  },
  clocks: { kind: 'strings', text: 'Names of the clocks meant; `*` stands for any text. All without it.' },
  'offset-s': { kind: 'integer', text: 'Seconds by which the clocks are moved.' },
  'offset-ns': { kind: 'integer', text: 'Nanoseconds by which the clocks are moved.' },
  'unix-epoch': { kind: 'boolean', text: 'Takes the Unix epoch for the origin of the clocks.' },
  'start-with': {
    kind: 'string',
    text: 'Name or path of a reference: the traces are moved so that they begin when it does.',
  },
};

/** The rule of checked parameters. */
export function clockRuleOf(parameters: Parameters): ClockRule {
  const texts = (name: string): readonly string[] | undefined => {
    const value = parameters.get(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
  };
  const integer = (name: string): bigint => {
    const value = parameters.get(name);
    return typeof value === 'bigint' ? value : 0n;
  };
  const traces = texts('traces');
  const clocks = texts('clocks');
  const startWith = parameters.get('start-with');
  return {
    offset: { seconds: integer('offset-s'), nanoseconds: integer('offset-ns') },
    ...(traces === undefined ? {} : { traces }),
    ...(clocks === undefined ? {} : { clocks }),
    ...(parameters.get('unix-epoch') === true ? { unixEpoch: true } : {}),
    ...(typeof startWith === 'string' ? { startWith } : {}),
  };
}

/** By what patterns may know a trace. */
export interface TraceNames {
  /** Of the host and the path below what was asked for, as babeltrace2 names traces. */
  readonly name: string;
  readonly path: string;
}

function matches(pattern: string, { name, path }: TraceNames): boolean {
  const glob = parseGlob(pattern);
  const last = path.slice(path.lastIndexOf('/') + 1);
  return [name, path, last].some((text) => globMatches(glob, text));
}

function isMeant(patterns: readonly string[] | undefined, test: (pattern: string) => boolean): boolean {
  return patterns === undefined || patterns.some(test);
}

/** The clock with its origin moved; whole ticks alone can be. */
function moved(clock: ClockClass, { seconds, nanoseconds }: ClockOffset): ClockClass {
  const ticks = clock.offsetTicks + (nanoseconds * clock.frequencyHz) / 1_000_000_000n;
  const whole = ticks / clock.frequencyHz - (ticks % clock.frequencyHz < 0n ? 1n : 0n);
  return {
    ...clock,
    offsetSeconds: clock.offsetSeconds + seconds + whole,
    offsetTicks: ticks - whole * clock.frequencyHz,
  };
}

function ofUnixEpoch(clock: ClockClass): ClockClass {
  const changed: { -readonly [Key in keyof ClockClass]: ClockClass[Key] } = { ...clock, absolute: true };
  delete changed.origin;
  return changed;
}

/** The same trace with its clocks as the rules say. */
export function withClockRules(
  traceClass: TraceClass,
  names: TraceNames,
  rules: readonly ClockRule[],
): TraceClass {
  const own = rules.filter(({ traces }) => isMeant(traces, (pattern) => matches(pattern, names)));
  if (own.length === 0) return traceClass;
  const change = (clock: ClockClass): ClockClass =>
    own
      .filter(({ clocks }) => isMeant(clocks, (pattern) => globMatches(parseGlob(pattern), clock.name)))
      .reduce((changed, { offset, unixEpoch }) => {
        const there = offset === undefined ? changed : moved(changed, offset);
        return unixEpoch === true ? ofUnixEpoch(there) : there;
      }, clock);
  return {
    ...traceClass,
    clockClasses: traceClass.clockClasses.map(change),
    streamClasses: traceClass.streamClasses.map((streamClass) =>
      streamClass.clockClass === undefined
        ? streamClass
        : { ...streamClass, clockClass: change(streamClass.clockClass) },
    ),
  };
}

function beginOf({ streams }: TraceInfo): number | undefined {
  const begins = streams.flatMap(({ beginNs }) => (beginNs === undefined ? [] : [beginNs]));
  return begins.length === 0 ? undefined : Math.min(...begins);
}

/**
 * The rules that move traces to where their reference begins; empty where no rule has one.
 * @throws SpoorError `clock/no-reference` when no trace is the reference, or it says no time.
 */
export function referenceRules(
  rules: readonly ClockRule[],
  traces: readonly TraceInfo[],
): readonly ClockRule[] {
  return rules.flatMap(({ startWith, traces: meant, clocks }) => {
    if (startWith === undefined) return [];
    const reference = traces.find((trace) => matches(startWith, trace));
    const begin = reference === undefined ? undefined : beginOf(reference);
    if (begin === undefined) {
      const close = closestName(startWith, new Set(traces.map(({ name }) => name)));
      throw new SpoorError(
        'clock/no-reference',
        reference === undefined
          ? `no trace is named ${JSON.stringify(startWith)}, to begin with`
          : `the trace ${startWith} does not say when it begins`,
        {
          hint:
            close === undefined
              ? `there are ${traces.map(({ path }) => path).join(', ')}`
              : `did you mean ${close}?`,
        },
      );
    }
    return traces.flatMap((trace): ClockRule[] => {
      const own = beginOf(trace);
      if (trace === reference || own === undefined) return [];
      if (!isMeant(meant, (pattern) => matches(pattern, trace))) return [];
      return [
        {
          traces: [trace.path.replaceAll(/[\\*]/g, '\\$&')],
          ...(clocks === undefined ? {} : { clocks }),
          offset: { seconds: 0n, nanoseconds: BigInt(begin - own) },
        },
      ];
    });
  });
}

/** Notices for patterns that mean no trace, one line each. */
export function clockNotices(rules: readonly ClockRule[], traces: readonly TraceInfo[]): readonly string[] {
  return rules.flatMap(({ traces: patterns = [] }) =>
    patterns
      .filter((pattern) => !traces.some((trace) => matches(pattern, trace)))
      .map((pattern) => `filter.utils.clock: no trace is named ${JSON.stringify(pattern)}`),
  );
}
