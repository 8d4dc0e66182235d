/** The parameters of `sink.text.pretty`, babeltrace2's. */
import type { Parameters, ParameterTable } from '@spoor/graph';
import type { Colors } from '../text-colors.ts';
import type { PrettyOptions } from './options.ts';

const flags = {
  'clock-cycles': 'clockCycles',
  'clock-date': 'clockDate',
  'clock-gmt': 'clockGmt',
  'clock-seconds': 'clockSeconds',
  'no-delta': 'noDelta',
  'name-payload': 'namePayload',
  'name-context': 'nameContext',
  'name-scope': 'nameScope',
  'name-header': 'nameHeader',
  'field-trace': 'fieldTrace',
  'field-trace:hostname': 'fieldTraceHostname',
  'field-trace:domain': 'fieldTraceDomain',
  'field-trace:procname': 'fieldTraceProcname',
  'field-trace:vpid': 'fieldTraceVpid',
  'field-loglevel': 'fieldLoglevel',
  'field-emf': 'fieldEmf',
} as const;

const showOrHide = { kind: 'choice', choices: ['show', 'hide'] } as const;

export const prettyParameters: ParameterTable = {
  color: { kind: 'choice', choices: ['never', 'auto', 'always'] },
  path: { kind: 'string' },
  verbose: { kind: 'boolean' },
  'name-default': showOrHide,
  'field-default': showOrHide,
  'field-callsite': { kind: 'boolean' },
  ...Object.fromEntries(Object.keys(flags).map((name) => [name, { kind: 'boolean' }] as const)),
};

/** Options of checked parameters, over those given. */
export function prettyOptionsWith(
  parameters: Parameters,
  preset: PrettyOptions,
  colors: Colors,
): PrettyOptions {
  const changed: Partial<Record<(typeof flags)[keyof typeof flags], boolean>> = {};
  for (const group of ['name', 'field']) {
    const all = parameters.get(`${group}-default`);
    if (all === undefined) continue;
    for (const [name, option] of Object.entries(flags)) {
      if (name.startsWith(`${group}-`)) changed[option] = all === 'show';
    }
  }
  for (const [name, option] of Object.entries(flags)) {
    const value = parameters.get(name);
    if (typeof value === 'boolean') changed[option] = value;
  }
  return { ...preset, ...changed, colors };
}
