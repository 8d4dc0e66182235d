/** A source component that hands out the streams of trace sets, one output port each. */
import { SpoorError } from '@spoor/base';
import {
  OutputPort,
  type ClockRule,
  type ComponentContext,
  type Pass,
  type SourceComponent,
} from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { muxedFlow } from '../filter-utils-muxer/muxed-flow.ts';
import { clockNotices } from '../filter-utils-clock/clock-rules.ts';
import { TrimmedFlow } from '../filter-utils-trimmer/trimmed-flow.ts';
import { portName } from './port-name.ts';
import type { TimeSpan } from './stream-range.ts';
import type { StreamInfo, TraceInfo } from './trace-info.ts';
import type { TraceSet } from './trace-set.ts';

/** Where sources tell what is wrong with a trace. */
export interface SourceEnvironment {
  readonly warn: (line: string) => void;
  /** Hears of the traces, as soon as they are open. */
  readonly onOpen?: (set: TraceSet) => void;
}

/** The set with time counted in ticks, for who shows clock values. */
function inTicks(set: TraceSet): TraceSet {
  const clocks = set.streams.flatMap(({ streamClass: { clockClass } }) => clockClass ?? []);
  if (clocks.every(({ frequencyHz }) => frequencyHz === 1_000_000_000n)) return set;
  const kinds = new Set(
    clocks.map((clock) => [clock.frequencyHz, clock.offsetSeconds, clock.offsetTicks].join()),
  );
  const ticking = set.openInTicks?.();
  if (kinds.size > 1 || ticking === undefined) {
    throw new SpoorError(
      'convert/clock-cycles',
      'clock cycles can be shown of one clock only, where clocks are not of 1 GHz',
    );
  }
  return ticking;
}

/** What tells passes that need different sets apart. */
function keyOf({ ticksAsTime, clockRules }: Pass): string {
  return JSON.stringify([ticksAsTime === true, clockRules ?? []], (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function tellWarnings(set: TraceSet, context: ComponentContext, { warn }: SourceEnvironment): void {
  let told = 0;
  const tell = (): void => {
    while (told < set.warnings.length) warn(set.warnings[told++]!);
  };
  tell();
  context.everyRound(tell);
}

/** How a source opens its traces. */
export interface SetSourceOptions {
  readonly name: string;
  /** Opens the traces anew with further changes of clocks. */
  readonly open: (rules: readonly ClockRule[]) => TraceSet;
  /** What alone is handed out, by trace. */
  readonly ranges?: (set: TraceSet) => Promise<ReadonlyMap<TraceInfo, TimeSpan>>;
}

/** Streams of the traces that a source opens. */
export class SetSource implements SourceComponent<EventFlow> {
  readonly kind = 'source';
  readonly name: string;
  readonly outputs: readonly OutputPort<EventFlow>[];
  /** The traces as passes want them: all streams of a pass must be of one set. */
  private readonly sets: Map<string, TraceSet>;
  private readonly openWith: (rules: readonly ClockRule[]) => TraceSet;

  private constructor(
    name: string,
    set: TraceSet,
    openWith: (rules: readonly ClockRule[]) => TraceSet,
    ranges: ReadonlyMap<TraceInfo, TimeSpan> | undefined,
  ) {
    this.name = name;
    this.sets = new Map([[keyOf({}), set]]);
    this.openWith = openWith;
    const names = new Map<string, number>();
    this.outputs = set.streams.map((info) => {
      // Streams of one trace may have one id: they are told apart by their files.
      const port = portName(info);
      const count = names.get(port) ?? 0;
      names.set(port, count + 1);
      const range = ranges?.get(info.trace);
      return new OutputPort(count === 0 ? port : `${port} (${info.path})`, (pass) => {
        const flow = this.open(info, pass);
        return range === undefined ? flow : new TrimmedFlow(flow, { beginNs: range.begin, endNs: range.end });
      });
    });
  }

  /** Opens the traces; what is wrong with them is told. */
  static async make(
    options: SetSourceOptions,
    context: ComponentContext,
    environment: SourceEnvironment,
  ): Promise<SetSource> {
    const openWith = (rules: readonly ClockRule[]): TraceSet => {
      const set = options.open(rules);
      for (const notice of clockNotices(rules, set.traces)) context.log.warn(notice);
      tellWarnings(set, context, environment);
      return set;
    };
    const set = openWith([]);
    environment.onOpen?.(set);
    const { traces, streams, eventClasses } = set;
    context.log.info(
      `opened ${traces.length} traces with ${streams.length} streams and ${eventClasses.length} event classes`,
    );
    for (const { path } of streams) context.log.debug(`stream ${path}`);
    return new SetSource(options.name, set, openWith, await options.ranges?.(set));
  }

  private setFor(pass: Pass): TraceSet {
    const key = keyOf(pass);
    let set = this.sets.get(key);
    if (set === undefined) {
      const { ticksAsTime, clockRules } = pass;
      set =
        ticksAsTime === true
          ? inTicks(this.setFor(clockRules === undefined ? {} : { clockRules }))
          : this.openWith(clockRules ?? []);
      this.sets.set(key, set);
    }
    return set;
  }

  private open({ index }: StreamInfo, pass: Pass = {}): EventFlow {
    const set = this.setFor(pass);
    const stream = set.openStream(index, set.countsTicks ? undefined : pass.fromNs, pass.inWindows);
    return { ...muxedFlow([stream]), stream };
  }
}
