/** Parameters of `sink.ctf.fs`, by babeltrace2's names. */
import type { CtfVersion } from '@spoor/ctf';
import type { Parameters, ParameterTable } from '@spoor/graph';

/** What the sink is asked to do. */
export interface CtfSinkOptions {
  /** Puts the one trace into the output directory itself. */
  readonly assumeSingleTrace: boolean;
  /** Leaves out what is said of lost events. */
  readonly ignoreDiscardedEvents: boolean;
  /** Leaves out what is said of lost packets: those that are there are numbered anew. */
  readonly ignoreDiscardedPackets: boolean;
  /** Does not say which traces were made. */
  readonly quiet: boolean;
  /** Of the traces to write. */
  readonly ctfVersion: CtfVersion;
}

/** The parameters that the sink has. */
export const ctfSinkParameters: ParameterTable = {
  path: { kind: 'string', text: 'Directory below which the traces are written; --output names it too.' },
  'assume-single-trace': {
    kind: 'boolean',
    text: 'Put the one trace into the directory itself, not into one of its own below it.',
  },
  'ignore-discarded-events': { kind: 'boolean', text: 'Leave out what the input says of lost events.' },
  'ignore-discarded-packets': {
    kind: 'boolean',
    text: 'Leave out what the input says of lost packets: those that are there are numbered anew.',
  },
  'ctf-version': {
    kind: 'choice',
    choices: ['1', '1.8', '2', '2.0'],
    text: 'Version of CTF to write, a text; "1" (CTF 1.8) by default.',
  },
  quiet: { kind: 'boolean', text: 'Do not print which traces were made.' },
};

/** The options that checked parameters say. */
export function ctfSinkOptionsOf(parameters: Parameters): CtfSinkOptions {
  const version = parameters.get('ctf-version');
  const isSet = (name: string): boolean => parameters.get(name) === true;
  return {
    assumeSingleTrace: isSet('assume-single-trace'),
    ignoreDiscardedEvents: isSet('ignore-discarded-events'),
    ignoreDiscardedPackets: isSet('ignore-discarded-packets'),
    quiet: isSet('quiet'),
    ctfVersion: version === '2' || version === '2.0' ? '2' : '1.8',
  };
}
