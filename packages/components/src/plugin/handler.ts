/** What the functions of a plug-in hand back, and with how much of it they are called at a stretch. */
import { SpoorError } from '@spoor/base';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import type { StreamMessage } from './stream-message.ts';

/** What a source does, step by step: a promise says that there is nothing before it is settled. */
export type SourceSteps = Iterable<unknown>;

/** What a filter or a sink does with each event, and if it likes with all other messages. */
export interface EventHandler {
  event(event: EventView): void;
  /**
   * Takes what is no event: beginnings and ends of streams and packets, losses, inactivity. A filter without it lets all
   * of them pass.
   */
  message?(message: StreamMessage): void;
  /** Called after the last event. A filter that has much to add then may return steps, as a source does. */
  end?(): void | SourceSteps;
}

/** A value that is not what it should be, for messages. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    return `the ${typeof value} ${value}`;
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** @throws SpoorError `plugin/open` for what is no iterable. */
export function checkSteps(steps: unknown, name = 'open'): SourceSteps {
  if (typeof steps === 'object' && steps !== null) {
    if (Symbol.iterator in steps) return steps as SourceSteps;
    if (Symbol.asyncIterator in steps) {
      throw new SpoorError('plugin/open', `\`${name}\` returned an asynchronous generator`, {
        hint: `write \`*${name}\` without \`async\`, and \`yield promise\` where it waits`,
      });
    }
  }
  throw new SpoorError('plugin/open', `\`${name}\` returned ${shown(steps)}, not steps`, {
    hint: `most simply \`*${name}\` is a generator`,
  });
}

/** @throws SpoorError `plugin/open` for what takes no events. */
export function checkHandler(handler: unknown): EventHandler {
  const fail = (what: string): never => {
    throw new SpoorError('plugin/open', what, { hint: 'return { event(event) { … } }' });
  };
  if (typeof handler !== 'object' || handler === null) {
    return fail(`\`open\` returned ${shown(handler)}, not what takes events`);
  }
  const { event, message, end } = handler as Readonly<Record<string, unknown>>;
  if (typeof event !== 'function') return fail('`open` returned an object without a function `event`');
  for (const [name, optional] of Object.entries({ message, end })) {
    if (optional !== undefined && typeof optional !== 'function') {
      return fail(`\`open\` returned an object whose \`${name}\` is ${shown(optional)}, not a function`);
    }
  }
  return handler as EventHandler;
}

/** Others have their turn after so long, in milliseconds: Ctrl-C would wait for slow code otherwise. */
const stretchMs = 12;
/** Calls between two looks at the clock, which cost about as much as a call. */
const callsBetween = 16;

/** Measures how long code of a plug-in has been running. */
export class Stretch {
  private ends = 0;
  private calls = 0;

  begin(): void {
    this.ends = performance.now() + stretchMs;
    this.calls = 0;
  }

  /** To be asked after each call: whether others should have their turn. */
  get isOver(): boolean {
    this.calls += 1;
    return this.calls % callsBetween === 0 && performance.now() >= this.ends;
  }
}
