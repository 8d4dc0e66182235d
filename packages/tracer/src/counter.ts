import { SpoorError } from '@spoor/base';
import type { CounterCell } from '@spoor/ringbuffer';
import { currentSession } from './session-slot.ts';

/** Counts something, without an event. */
export interface Counter {
  /** Adds `amount`, 1 by default. Never throws; what is no number counts as 0. */
  add(amount?: number): void;
  /** What this thread has added so far. */
  readonly value: number;
}

const namePattern = /^[A-Za-z_][\w.-]*:[A-Za-z_][\w.:-]*$/;

/**
 * Declares a counter of this thread: a cell of shared memory, which a recorder reads at any time and adds up over the
 * threads of the process (`spoor record` tells the sums at its end). Costs a few nanoseconds an `add`, recorded or not.
 * Equal names are one counter. Sums are exact up to 2^53.
 *
 * ```ts
 * const hits = counter('shop:cache_hits');
 * hits.add();
 * ```
 *
 * @param name of the form `provider:name`, at most 119 bytes.
 * @throws SpoorError `tracer/counter` when the name is not of that form.
 */
export function counter(name: string): Counter {
  if (typeof name !== 'string' || !namePattern.test(name) || name.length > 119) {
    throw new SpoorError('tracer/counter', `cannot declare the counter \`${name}\``, {
      hint: 'its name is of the form provider:name',
    });
  }
  const cell = currentSession()?.counterCell(name) ?? privateCell(name);
  return {
    add(amount = 1) {
      if (typeof amount === 'number' && amount === amount) cell.values[cell.index]! += amount;
    },
    get value() {
      return cell.values[cell.index]!;
    },
  };
}

const privateCells = new Map<string, CounterCell>();

/** For a program that is not recorded: its own view of the counter is the same. */
function privateCell(name: string): CounterCell {
  let cell = privateCells.get(name);
  if (cell === undefined) {
    cell = { values: new Float64Array(1), index: 0 };
    privateCells.set(name, cell);
  }
  return cell;
}
