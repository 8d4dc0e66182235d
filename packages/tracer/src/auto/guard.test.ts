import { afterEach, expect, test } from 'vitest';
import { guarded, guardedListener, tellMissing } from './guard.ts';

const slot = Symbol.for('@spoor/tracer/session 5');
const shared = globalThis as { [slot]?: { readonly session: { tell(reason: string): void } } };
const kept = shared[slot];
afterEach(() => {
  if (kept === undefined) delete shared[slot];
  else shared[slot] = kept;
});

test('what our own callbacks throw stays away from the program, and the recording says so', () => {
  const told: string[] = [];
  shared[slot] = { session: { tell: (reason) => told.push(reason) } };
  const fail = (): never => {
    throw new Error('a defect');
  };
  expect(() => guarded(fail)()).not.toThrow();
  expect(() => guardedListener(fail).call({})).not.toThrow();
  expect(new Set(told)).toEqual(new Set(['some automatic events are missing: a defect']));
});

test('a thrown value that has no text is no trouble either', () => {
  shared[slot] = { session: { tell: () => {} } };
  expect(() => tellMissing('events', Object.create(null))).not.toThrow();
});
