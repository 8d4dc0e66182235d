/** Code of others is run so that what goes wrong in it is told with the component's name. */
import { describeError, SpoorError } from '@spoor/base';
import type { EventFlow } from '../event-flow.ts';
import type { SourceFlow } from './source-flow.ts';
import { messageFlow } from './stream-message.ts';

/** Runs work of a component; what it throws names the component. */
export type Guard = <T>(work: () => T) => T;

/** Errors that have been told with a name: they pass the guards of other components. */
const told = new WeakSet<SpoorError>();

/** Errors of this toolkit keep their code, so that who runs graphs can tell them apart; others are `plugin/threw`. */
function toldOf(who: string, cause: unknown): SpoorError {
  if (cause instanceof SpoorError && told.has(cause)) return cause;
  const error =
    cause instanceof SpoorError
      ? new SpoorError(cause.code, `${who} failed: ${cause.message}`, cause)
      : new SpoorError('plugin/threw', `${who} failed: ${describeError(cause)}`);
  told.add(error);
  return error;
}

/** The guard of a component of a plug-in. */
export function guardOf(who: string): Guard {
  return (work) => {
    try {
      return work();
    } catch (cause) {
      throw toldOf(who, cause);
    }
  };
}

/** A source's flow of which each step is guarded. */
export function guardedSource(flow: SourceFlow, guard: Guard): EventFlow {
  const { batch, streams, eventClasses, baseNs, losses } = flow;
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    losses,
    next: () => guard(() => flow.next()),
    messages: () => {
      const found = flow.messages();
      return messageFlow(
        flow,
        () => guard(() => found.next()),
        () => found.message,
      );
    },
  };
}
