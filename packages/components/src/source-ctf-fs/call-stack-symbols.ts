/** Names of call stacks that a trace has beside its events. */
import { CallStackNames, parseSymbols, type CallStackSymbols } from '@spoor/kernel';
import { SpoorError } from '@spoor/base';
import type { TraceInfo } from './trace-info.ts';

/** A file of names in a directory of a trace. */
export interface SymbolsFile {
  /** For messages. */
  readonly name: string;
  read(): Uint8Array;
}

const known = new WeakMap<readonly SymbolsFile[], CallStackNames>();

/**
 * Names of the call stacks of a trace; undefined where it has none.
 * @param warn is told of files that cannot be read.
 */
export function callStackNamesOf(
  { callStackSymbols: files }: TraceInfo,
  warn: (error: SpoorError) => void,
): CallStackNames | undefined {
  if (files === undefined) return undefined;
  let names = known.get(files);
  if (names === undefined) {
    const parts = files.flatMap(({ name, read }): CallStackSymbols[] => {
      try {
        return [parseSymbols(new TextDecoder().decode(read()), name)];
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
        warn(error);
        return [];
      }
    });
    names = new CallStackNames(parts);
    known.set(files, names);
  }
  return names;
}
