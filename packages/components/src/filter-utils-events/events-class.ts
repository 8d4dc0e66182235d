/** The component class `filter.utils.events`. */
import type { ComponentClass, Parameters } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import type { EventRule } from './event-selection.ts';
import { EventsFilter } from './events-filter.ts';

/** The rule of checked parameters. */
function ruleOf(parameters: Parameters): EventRule {
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const texts = (name: string): readonly string[] | undefined => {
    const value = parameters.get(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
  };
  const names = texts('names');
  const exclude = texts('exclude');
  const logLevel = text('log-level');
  const filter = text('filter');
  return {
    ...(names === undefined ? {} : { names }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(filter === undefined ? {} : { filter }),
  };
}

export const eventsClass: ComponentClass<EventFlow> = {
  kind: 'filter',
  name: 'events',
  description: 'Hands on the events that a rule matches.',
  parameters: {
    names: { kind: 'strings', text: 'Names of the events wanted; `*` stands for any text.' },
    exclude: { kind: 'strings', text: 'Names of events to leave out; `*` stands for any text.' },
    'log-level': {
      kind: 'string',
      text: 'Log level wanted: LEVEL alone, or LEVEL.. for it and all that are more severe.',
    },
    filter: { kind: 'string', text: 'An expression that is true for the events wanted: spoor-filter(7).' },
  },
  create: (parameters, { log }) =>
    new EventsFilter({ ...ruleOf(parameters), messages: (line) => log.warn(line) }),
};
