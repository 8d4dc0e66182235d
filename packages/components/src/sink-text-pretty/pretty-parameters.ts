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

/** What each flag says when it is set. */
const flagTexts: Readonly<Record<keyof typeof flags, string>> = {
  'clock-cycles': 'Print times in clock cycles.',
  'clock-date': 'Print the date with each time.',
  'clock-gmt': 'Print times in UTC, not in the local time zone.',
  'clock-seconds': "Print times in seconds since the clocks' origin.",
  'no-delta': 'Leave out the time since the event before.',
  'name-payload': 'Print the names of payload fields.',
  'name-context': 'Print the names of context fields.',
  'name-scope': 'Print the name of each scope before its fields.',
  'name-header': 'Print the names of what stands before the event name.',
  'field-trace': 'Print the name of the trace.',
  'field-trace:hostname': 'Print the hostname of the trace.',
  'field-trace:domain': 'Print the domain of the trace.',
  'field-trace:procname': 'Print the process name of the trace.',
  'field-trace:vpid': 'Print the process id of the trace.',
  'field-loglevel': 'Print the log level of the event.',
  'field-emf': 'Print the EMF URI of the event.',
};

const showOrHide = { kind: 'choice', choices: ['show', 'hide'] } as const;

export const prettyParameters: ParameterTable = {
  color: {
    kind: 'choice',
    choices: ['never', 'auto', 'always'],
    text: 'Colours: auto (the default) where the terminal shows them.',
  },
  path: { kind: 'string', text: 'File that the text is written to; without it standard output.' },
  workers: {
    kind: 'integer',
    text: 'Threads that print the text, from 1 to 64; without it 1, or 2 for long traces.',
  },
  verbose: { kind: 'boolean', text: 'Accepted: it changes nothing.' },
  'name-default': { ...showOrHide, text: 'Print, or leave out, all names whose own parameter is not given.' },
  'field-default': {
    ...showOrHide,
    text: 'Print, or leave out, all that can stand before the event name and whose own parameter is not given.',
  },
  'field-callsite': { kind: 'boolean', text: 'Accepted: it changes nothing.' },
  ...Object.fromEntries(
    Object.entries(flagTexts).map(([name, text]) => [name, { kind: 'boolean', text }] as const),
  ),
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
