import { afterEach, expect, test } from 'vitest';
import { guarded, guardedListener, tellMissing } from './guard.ts';

const slot = Symbol.for('@spoor/tracer/session 7');
// Test files share their global object, and the slot of a session that another one made cannot be assigned to.
const kept = Object.getOwnPropertyDescriptor(globalThis, slot);
afterEach(() => {
  if (kept === undefined) Reflect.deleteProperty(globalThis, slot);
  else Object.defineProperty(globalThis, slot, kept);
});

function haveSession(tell: (reason: string) => void): void {
  Object.defineProperty(globalThis, slot, { value: { session: { tell } }, configurable: true });
}

test('what our own callbacks throw stays away from the program, and the recording says so', () => {
  const told: string[] = [];
  haveSession((reason) => told.push(reason));
  const fail = (): never => {
    throw new Error('a defect');
  };
  expect(() => guarded(fail)()).not.toThrow();
  expect(() => guardedListener(fail).call({})).not.toThrow();
  expect(new Set(told)).toEqual(new Set(['some automatic events are missing: a defect']));
});

test('a thrown value that has no text is no trouble either', () => {
  haveSession(() => {});
  expect(() => tellMissing('events', Object.create(null))).not.toThrow();
});
