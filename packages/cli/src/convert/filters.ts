/** The filters of a command line that stand between the muxer and the sink, in their order. */
import {
  EventsFilter,
  SpansFilter,
  spansParameters,
  spansParametersOf,
  type EventFlow,
  type EventRule,
} from '@spoor/components/node';
import type { FilterComponent, Parameters, ParameterTable } from '@spoor/graph';

type Filter = FilterComponent<EventFlow, EventFlow>;

/** A class of filters. */
interface FilterClass {
  readonly description: string;
  readonly parameters: ParameterTable;
  /** @param messages takes one line for each thing that a person should know. */
  make(parameters: Parameters, messages: (line: string) => void): Filter;
}

/** A filter that was asked for. */
export interface FilterRequest {
  /** Absent for those of options. */
  readonly name?: string;
  readonly className: string;
  /** As `--params` has them. */
  readonly parameters: readonly string[];
  make(messages: (line: string) => void): Filter;
}

function text(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name);
  return typeof value === 'string' ? value : undefined;
}

function texts(parameters: Parameters, name: string): readonly string[] | undefined {
  const value = parameters.get(name);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

function ruleOf(parameters: Parameters): EventRule {
  const names = texts(parameters, 'names');
  const exclude = texts(parameters, 'exclude');
  const logLevel = text(parameters, 'log-level');
  const filter = text(parameters, 'filter');
  return {
    ...(names === undefined ? {} : { names }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(filter === undefined ? {} : { filter }),
  };
}

/** Filters of events, by class. */
export const filterClasses: Readonly<Record<string, FilterClass>> = {
  'filter.utils.events': {
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
    make: (parameters, messages) => new EventsFilter({ ...ruleOf(parameters), messages }),
  },
  'filter.utils.spans': {
    description: 'Makes an event of each span, from the events that begin and end it.',
    parameters: spansParameters,
    make: (parameters, messages) => new SpansFilter({ ...spansParametersOf(parameters), messages }),
  },
};

/** Writes a text as `--params` has it. */
export function literal(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** The filter of `--event` and `--filter`. */
export function optionFilter(
  names: readonly string[] | undefined,
  filter: string | undefined,
): FilterRequest | undefined {
  if (names === undefined && filter === undefined) return undefined;
  return {
    className: 'filter.utils.events',
    parameters: [
      ...(names === undefined ? [] : [`names=[${names.map(literal).join(', ')}]`]),
      ...(filter === undefined ? [] : [`filter=${literal(filter)}`]),
    ],
    make: (messages) =>
      new EventsFilter({
        ...(names === undefined ? {} : { names }),
        ...(filter === undefined ? {} : { filter }),
        messages,
      }),
  };
}
