import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROCESS_FILE } from '@spoor/ringbuffer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionPlace, geometry, range } from '../testing/session-place.ts';
import { SimulatedProgram } from '../testing/simulated-program.ts';
import { KeptRings } from './kept-rings.ts';

let place: SessionPlace;
beforeEach(() => {
  place = new SessionPlace();
});
afterEach(() => place.remove());

test('rings of a program that is over are kept and counted until they are let go of, and counted then too', () => {
  const session = place.makeSession('overwrite');
  const program = new SimulatedProgram(session.path, false);
  for (const number of [0, 1]) {
    const ring = program.ring(number, geometry, 'overwrite');
    for (const value of range(0, 100 * (number + 1))) ring.emit(value);
    ring.sync();
    ring.close();
  }
  const rings = new KeptRings(session, (text) => {
    throw new Error(text);
  });
  rings.look();
  rings.look();
  expect(rings.count(() => true)).toBe(2);
  expect(rings.count((_process, { isRetained }) => isRetained)).toBe(2);
  expect(rings.totals()).toMatchObject({ eventCount: 300, discardedCount: 0, processCount: 1 });
  expect(existsSync(program.directory)).toBe(true);
  rings.dropEnded();
  rings.look();
  expect(rings.processes).toEqual([]);
  expect(existsSync(program.directory)).toBe(false);
  expect(rings.totals()).toMatchObject({ eventCount: 300, discardedCount: 0, processCount: 1 });
});

test('what a full ring lost is told of its channel once its thread is over', () => {
  const session = place.makeSession('discard');
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  let lost = 0;
  for (const value of range(0, 5000)) if (!ring.emit(value)) lost += 1;
  ring.sync();
  ring.close();
  expect(lost).toBeGreaterThan(0);
  const rings = new KeptRings(session, () => undefined);
  rings.look();
  expect(rings.lostOfEnded()).toEqual({});
  rings.dropEnded();
  expect(rings.lostOfEnded()).toEqual({ ch0: lost });
  expect(rings.totals()).toMatchObject({ eventCount: 5000 - lost, discardedCount: lost });
});

test('a program whose directory makes no sense is left out and told of once, the others are there', () => {
  const session = place.makeSession('overwrite');
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'overwrite');
  ring.emit(1);
  ring.sync();
  mkdirSync(join(session.path, '1-1'));
  writeFileSync(join(session.path, '1-1', PROCESS_FILE), '{"version":77}');
  const errors: string[] = [];
  const rings = new KeptRings(session, (text) => errors.push(text));
  rings.look();
  rings.look();
  expect(errors).toEqual([expect.stringMatching(/^process 1-1 is not recorded: .*version 77/)]);
  expect(rings.totals().eventCount).toBe(1);
  rings.close();
  ring.close();
});
