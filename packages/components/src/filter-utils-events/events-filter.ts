/** `filter.utils.events`: hands on the events that an event rule matches. */
import type { PredicateOptions } from '@spoor/filter';
import { InputPort, OutputPort, type FilterComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { EventSelection, type EventRule } from './event-selection.ts';
import { filteredFlow } from './filtered-flow.ts';

/** An event rule, and where to say what a person should know of it. */
export interface EventsFilterParameters extends EventRule, PredicateOptions {
  /** Takes one line for each thing that keeps events from matching: a name or a field that is not there. */
  readonly messages?: (line: string) => void;
}

/** Leaves out the events that a rule does not match. */
export class EventsFilter implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name = 'filter.utils.events';
  readonly input: InputPort<EventFlow> = new InputPort<EventFlow>('in');
  readonly inputs: readonly InputPort<EventFlow>[] = [this.input];
  readonly output: OutputPort<EventFlow>;

  /** @throws SpoorError `filter/syntax`, `filter/type`, `filter/log-level` for a rule that is wrong in itself. */
  constructor(parameters: EventsFilterParameters) {
    const { messages, compile } = parameters;
    const selection = new EventSelection(parameters, compile === undefined ? {} : { compile });
    this.output = new OutputPort('out', (pass) => {
      const flow = this.input.open(pass);
      if (messages !== undefined) {
        for (const notice of selection.notices(flow.eventClasses)) messages(notice);
      }
      return filteredFlow(flow, selection);
    });
  }
}
