/** The component class `filter.utils.trimmer`. */
import { SpoorError } from '@spoor/base';
import {
  InputPort,
  OutputPort,
  type ComponentClass,
  type FilterComponent,
  type Parameters,
  type Pass,
} from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { needsFirstTime, parseTimeBound } from './time-bound.ts';
import { TrimmedFlow, type TimeRange } from './trimmed-flow.ts';

class TrimmerComponent implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name = 'filter.utils.trimmer';
  private readonly input = new InputPort<EventFlow>('in');
  readonly inputs: readonly InputPort<EventFlow>[] = [this.input];
  readonly output: OutputPort<EventFlow> = new OutputPort('out', (pass) => this.open(pass));
  private readonly begin: string | undefined;
  private readonly end: string | undefined;
  private readonly gmt: boolean;

  constructor(parameters: Parameters) {
    const text = (name: string): string | undefined => {
      const value = parameters.get(name);
      return typeof value === 'bigint' ? value.toString() : typeof value === 'string' ? value : undefined;
    };
    this.begin = text('begin');
    this.end = text('end');
    this.gmt = parameters.get('gmt') === true;
    // Forms are checked at once, whatever day the times turn out to be of.
    for (const bound of [this.begin, this.end]) if (bound !== undefined) parseTimeBound(bound, this.gmt, 0n);
    this.checkOrder(0n);
  }

  private rangeFrom(baseNs: bigint): TimeRange {
    const { begin, end, gmt } = this;
    return {
      ...(begin === undefined ? {} : { beginNs: parseTimeBound(begin, gmt, baseNs) }),
      ...(end === undefined ? {} : { endNs: parseTimeBound(end, gmt, baseNs) }),
    };
  }

  /** Bounds are only compared where both are of the same kind: a time of day lies on a day not known yet. */
  private checkOrder(baseNs: bigint): void {
    const bounds = [this.begin, this.end].filter((bound) => bound !== undefined);
    if (baseNs === 0n && bounds.some(needsFirstTime)) return;
    const { beginNs, endNs } = this.rangeFrom(baseNs);
    if (beginNs !== undefined && endNs !== undefined && beginNs > endNs) {
      throw new SpoorError('convert/time', 'the time range ends before it begins');
    }
  }

  private open(pass: Pass = {}): EventFlow {
    const { begin, end, input } = this;
    if (begin === undefined && end === undefined) return input.open(pass);
    if (pass.clockRules !== undefined) {
      throw new SpoorError('convert/time', 'filter.utils.clock stands after a filter.utils.trimmer', {
        hint: 'put it before: clocks are changed where traces are read',
      });
    }
    // A pass that is not read costs little; this one says on which day the first event was.
    const baseNs = [begin, end].some((bound) => bound !== undefined && needsFirstTime(bound))
      ? input.open({}).baseNs
      : 0n;
    this.checkOrder(baseNs);
    const range = this.rangeFrom(baseNs);
    const { fromNs = range.beginNs } = pass;
    const wanted = range.beginNs !== undefined && fromNs !== undefined && fromNs < range.beginNs;
    const from = wanted ? range.beginNs : fromNs;
    const flow = input.open({ ...pass, ...(from === undefined ? {} : { fromNs: from }) });
    if (flow.streams.some(({ set }) => set.countsTicks)) {
      throw new SpoorError(
        'convert/clock-cycles',
        'clock cycles cannot be shown of a time range, where clocks are not of 1 GHz',
        { hint: 'leave out the time range, or show times' },
      );
    }
    return new TrimmedFlow(flow, range);
  }
}

export const trimmerClass: ComponentClass<EventFlow> = {
  kind: 'filter',
  name: 'trimmer',
  description: 'Leaves out events outside a time range.',
  parameters: {
    begin: { kind: 'time', text: 'Leave out events before this time.' },
    end: { kind: 'time', text: 'Leave out events after this time.' },
    gmt: { kind: 'boolean', text: 'Times without a zone are in UTC, not in the local time zone.' },
  },
  create: (parameters) => new TrimmerComponent(parameters),
};
