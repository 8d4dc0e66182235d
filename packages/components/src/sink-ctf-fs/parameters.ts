/** Parameters of `sink.ctf.fs`, by babeltrace2's names. */
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
}

/** The parameters that the sink has. */
export const ctfSinkParameters: ParameterTable = {
  path: { kind: 'string' },
  'assume-single-trace': { kind: 'boolean' },
  'ignore-discarded-events': { kind: 'boolean' },
  'ignore-discarded-packets': { kind: 'boolean' },
  quiet: { kind: 'boolean' },
};

/** The options that checked parameters say. */
export function ctfSinkOptionsOf(parameters: Parameters): CtfSinkOptions {
  const isSet = (name: string): boolean => parameters.get(name) === true;
  return {
    assumeSingleTrace: isSet('assume-single-trace'),
    ignoreDiscardedEvents: isSet('ignore-discarded-events'),
    ignoreDiscardedPackets: isSet('ignore-discarded-packets'),
    quiet: isSet('quiet'),
  };
}
