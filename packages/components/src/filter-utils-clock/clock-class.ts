/** The component class `filter.utils.clock`: asks the sources before it to change their clocks. */
import type { ComponentClass } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import { MergingFilter } from '../filter-utils-muxer/muxer-class.ts';
import { clockParameters, clockRuleOf } from './clock-rules.ts';

export const clockClass: ComponentClass<EventFlow> = {
  kind: 'filter',
  name: 'clock',
  description: 'Moves clocks, of all traces or of some.',
  parameters: clockParameters,
  create: (parameters) => {
    const rule = clockRuleOf(parameters);
    return new MergingFilter('filter.utils.clock', (pass) => ({
      ...pass,
      clockRules: [rule, ...(pass.clockRules ?? [])],
    }));
  },
};
