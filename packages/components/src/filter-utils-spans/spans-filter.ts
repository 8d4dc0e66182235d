/** `filter.utils.spans`: makes an event of each span, from the events that begin and end it. */
import {
  InputPort,
  OutputPort,
  UnsignedValue,
  type ComponentClass,
  type FilterComponent,
  type Parameters,
  type ParameterTable,
} from '@spoor/graph';
import { SpoorError } from '@spoor/base';
import type { EventFlow } from '../event-flow.ts';
import { presetRules, type SpanRule } from './span-rule.ts';
import { SpansFlow } from './spans-flow.ts';

/** What the filter is asked to do. */
export interface SpansParameters {
  readonly rules: readonly SpanRule[];
  /** Hands on the events that come in too; else spans alone. */
  readonly keep?: boolean;
  /** Leaves out spans that are open at the end. */
  readonly finishedOnly?: boolean;
  /** Spans of one rule that may be open at once; beyond it the oldest is given up. 65536 by default. */
  readonly mostOpen?: number;
  /** Takes one line a rule of which something is to be told: beginnings without end and the like. */
  readonly messages?: (line: string) => void;
}

/** The parameters of the filter. */
export const spansParameters: ParameterTable = {
  presets: { kind: 'strings', text: 'Kinds that are known: syscalls, irqs, softirqs, block, begin-end.' },
  name: { kind: 'string', text: 'Name of the span events; "span" without it.' },
  begin: { kind: 'strings', text: 'Names of the events that begin a span; `*` stands for any text.' },
  'begin-filter': {
    kind: 'string',
    text: 'An expression that is true for events that begin a span: spoor-filter(7).',
  },
  end: { kind: 'strings', text: 'Names of the events that end a span.' },
  'end-filter': { kind: 'string', text: 'An expression that is true for events that end a span.' },
  key: { kind: 'strings', text: 'Fields that are equal in a beginning and its end; $thread is the thread.' },
  'same-name': {
    kind: 'boolean',
    text: 'What `*` stands for in the names of beginning and end must be the same.',
  },
  capture: {
    kind: 'strings',
    text: 'Fields, of the beginning or else of the end, that span events have too.',
  },
  nested: { kind: 'boolean', text: 'Spans of one key may lie in each other.' },
  'timeout-ns': { kind: 'unsigned', text: 'Gives up spans that are longer.' },
  'most-open': { kind: 'unsigned', text: 'Spans that may be open at once; +65536 by default.' },
  keep: { kind: 'boolean', text: 'Hands on the events that come in too.' },
  'finished-only': { kind: 'boolean', text: 'Leaves out spans that are open at the end.' },
};

/** The rules of checked parameters. @throws SpoorError `spans/preset`, `spans/incomplete`. */
export function spansParametersOf(parameters: Parameters): Omit<SpansParameters, 'messages'> {
  const texts = (name: string): readonly string[] | undefined => {
    const value = parameters.get(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
  };
  const text = (name: string): string | undefined => {
    const value = parameters.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const value = parameters.get(name);
    return value instanceof UnsignedValue ? Number(value.value) : undefined;
  };
  const rules: SpanRule[] = [...presetRules(texts('presets') ?? [])];
  const begin = texts('begin');
  const end = texts('end');
  if ((begin === undefined) !== (end === undefined) || (begin === undefined && rules.length === 0)) {
    throw new SpoorError(
      'spans/incomplete',
      'filter.utils.spans needs events that begin and events that end a span',
      {
        hint: `give begin=["…"] and end=["…"], or presets=["syscalls"]`,
      },
    );
  }
  if (begin !== undefined && end !== undefined) {
    const beginFilter = text('begin-filter');
    const endFilter = text('end-filter');
    const key = texts('key');
    const capture = texts('capture');
    const timeoutNs = number('timeout-ns');
    rules.push({
      name: text('name') ?? 'span',
      begin: { names: begin, ...(beginFilter === undefined ? {} : { filter: beginFilter }) },
      end: { names: end, ...(endFilter === undefined ? {} : { filter: endFilter }) },
      sameName: parameters.get('same-name') === true,
      nested: parameters.get('nested') === true,
      ...(key === undefined ? {} : { key }),
      ...(capture === undefined ? {} : { capture }),
      ...(timeoutNs === undefined ? {} : { timeoutNs }),
    });
  }
  const mostOpen = number('most-open');
  return {
    rules,
    keep: parameters.get('keep') === true,
    finishedOnly: parameters.get('finished-only') === true,
    ...(mostOpen === undefined ? {} : { mostOpen }),
  };
}

/** Makes events of spans. */
export class SpansFilter implements FilterComponent<EventFlow, EventFlow> {
  readonly kind = 'filter';
  readonly name = 'filter.utils.spans';
  readonly input: InputPort<EventFlow> = new InputPort<EventFlow>('in');
  readonly inputs: readonly InputPort<EventFlow>[] = [this.input];
  readonly output: OutputPort<EventFlow>;

  constructor(parameters: SpansParameters) {
    this.output = new OutputPort('out', (pass) => new SpansFlow(this.input.open(pass), parameters));
  }
}

export const spansClass: ComponentClass<EventFlow> = {
  kind: 'filter',
  name: 'spans',
  description: 'Makes an event of each span, from the events that begin and end it.',
  parameters: spansParameters,
  create: (parameters, { log }) =>
    new SpansFilter({ ...spansParametersOf(parameters), messages: (line) => log.warn(line) }),
};
