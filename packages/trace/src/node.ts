/** The package under Node.js. */
import { SpoorError } from '@spoor/base';
import { readRawRings } from '@spoor/components/raw-rings';
import { openTrace as openTraceSet, type OpenOptions as SetOptions } from '@spoor/components/node';
import { checkOptions, type Selection } from './selection.ts';
import type { EventTypes } from './trace-event.ts';
import { Trace } from './trace.ts';

export * from './index.ts';

/** How to open a trace, and what all its readings leave out. */
export interface OpenOptions extends Selection, Pick<SetOptions, 'clockOffset' | 'compile'> {}

/**
 * Opens all traces at or below the paths as one: directories, archives (`.tar`, `.tar.gz`, `.tar.zst`, `.zip`), or `-` for
 * an archive on standard input.
 * @throws SpoorError when what is given is no path (`trace/no-path`) or does not exist (`trace/not-found`), holds no trace
 * (`trace/none-found`), no metadata can be read (`ctf/…`), an archive is refused (`archive/…`), or an option does not exist
 * (`trace/option`).
 */
export function openTrace<Types extends EventTypes = EventTypes>(
  paths: string | readonly string[],
  { clockOffset, compile, ...selection }: OpenOptions = {},
): Trace<Types> {
  checkOptions(selection, ['clockOffset', 'compile']);
  const given: readonly unknown[] = Array.isArray(paths) ? paths : [paths];
  if (given.some((path) => typeof path !== 'string' || path === '')) {
    throw new SpoorError('trace/no-path', 'no path of a trace is given', {
      hint: 'give the directory of a trace, one above it, or an archive; or a list of such',
    });
  }
  const set = openTraceSet(paths, {
    readRaw: readRawRings,
    ...(clockOffset === undefined ? {} : { clockOffset }),
    ...(compile === undefined ? {} : { compile }),
  });
  return new Trace<Types>(set, selection);
}
