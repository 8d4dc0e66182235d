import type { EventEmitter } from 'node:events';
import { guarded } from './guard.ts';
import { apply, define } from '../primordials.ts';

/**
 * Has `observe` told of all that an object emits, or all objects that inherit from it, before their listeners are. A
 * listener could be seen, and some keep a program alive: so an `emit` of the same look stands before the inherited one.
 */
export function watchEmitter<Emitter extends EventEmitter>(
  emitter: Emitter,
  observe: (self: Emitter, name: unknown, first: unknown, second: unknown, third: unknown) => void,
): void {
  const tell = guarded(observe);
  const inherited = emitter.emit;
  const emit = function emit(this: Emitter, ...args: Parameters<EventEmitter['emit']>): boolean {
    tell(this, args[0], args[1], args[2], args[3]);
    return apply(inherited, this, args);
  };
  define(emit, 'length', { value: inherited.length, configurable: true });
  define(emitter, 'emit', {
    value: emit,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
