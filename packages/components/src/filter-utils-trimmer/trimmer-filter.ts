/** `filter.utils.trimmer`. */
import { InputPort, OutputPort, type ComponentClass, type FilterComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { TrimmedFlow, type TimeRange } from './trimmed-flow.ts';

/** Leaves out events outside a time range. */
export class TrimmerFilter implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name = 'filter.utils.trimmer';
  private readonly input = new InputPort<EventFlow>('in');
  readonly inputs: readonly InputPort<EventFlow>[] = [this.input];
  readonly output: OutputPort<EventFlow>;

  constructor(range: TimeRange) {
    this.output = new OutputPort('out', () => new TrimmedFlow(this.input.open(), range));
  }
}

export const trimmerClass: ComponentClass<TimeRange, TrimmerFilter> = {
  name: 'filter.utils.trimmer',
  description: 'Leaves out events outside a time range.',
  create: (range) => new TrimmerFilter(range),
};
