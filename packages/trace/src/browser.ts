/** The package in the browser. */
import type { OpenOptions as SetOptions } from '@spoor/components';
import { openRemote } from './open-remote.ts';
import { filesOf, type TraceInput } from './remote-files.ts';
import { checkOptions, type Selection } from './selection.ts';
import type { EventOf, EventTypes } from './trace-event.ts';
import { Trace } from './trace.ts';

export * from './index.ts';
export type { TraceInput } from './remote-files.ts';

/** How to open a trace, and what all its readings leave out. */
export interface OpenOptions extends Selection, Pick<SetOptions, 'clockOffset' | 'compile'> {}

/** A trace that is being opened: to be awaited, or gone through by `for await` at once. */
export type OpeningTrace<Types extends EventTypes> = Promise<Trace<Types>> & AsyncIterable<EventOf<Types>>;

async function open<Types extends EventTypes>(
  input: TraceInput,
  { clockOffset, compile, ...selection }: OpenOptions,
): Promise<Trace<Types>> {
  checkOptions(selection, ['clockOffset', 'compile']);
  const set = await openRemote(await filesOf(input), {
    ...(clockOffset === undefined ? {} : { clockOffset }),
    ...(compile === undefined ? {} : { compile }),
  });
  return new Trace<Types>(set, selection);
}

/**
 * Opens all traces in a folder, in files, in an archive, in what was dropped, or at an address (of a folder, with a slash
 * at its end, or of an archive). Only what is read is fetched.
 * @throws by rejection, SpoorError: `trace/none-found`, `trace/fetch`, `trace/option`, `ctf/…`, `archive/…`.
 */
export function openTrace<Types extends EventTypes = EventTypes>(
  input: TraceInput,
  options: OpenOptions = {},
): OpeningTrace<Types> {
  const opening = open<Types>(input, options);
  return Object.assign(opening, {
    async *[Symbol.asyncIterator](): AsyncGenerator<EventOf<Types>, void, undefined> {
      yield* await opening;
    },
  });
}
