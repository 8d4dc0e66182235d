import type { Parameters } from '@spoor/graph';
import type { OpenOptions } from './open-folders.ts';

/** How traces are to be opened, of checked parameters. */
export function ctfFsOpening(parameters: Parameters): {
  readonly inputs: readonly string[];
  readonly options: OpenOptions;
} {
  const integer = (name: string): bigint => {
    const value = parameters.get(name);
    return typeof value === 'bigint' ? value : 0n;
  };
  const inputs = parameters.get('inputs');
  const traceName = parameters.get('trace-name');
  const seconds = integer('clock-class-offset-s');
  const nanoseconds = integer('clock-class-offset-ns');
  return {
    inputs: Array.isArray(inputs) ? inputs.filter((input) => typeof input === 'string') : [],
    options: {
      ...(seconds === 0n && nanoseconds === 0n ? {} : { clockOffset: { seconds, nanoseconds } }),
      ...(parameters.get('force-clock-class-origin-unix-epoch') === true
        ? { clockRules: [{ unixEpoch: true }] }
        : {}),
      ...(typeof traceName === 'string' ? { traceName } : {}),
    },
  };
}
