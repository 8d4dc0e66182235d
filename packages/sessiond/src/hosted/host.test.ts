import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SessionDirectory } from '../run-directory.ts';
import { SessionPlace, geometry, range } from '../testing/session-place.ts';
import { SimulatedProgram, type SimulatedRing } from '../testing/simulated-program.ts';
import { ConsumerHost } from './host.ts';

let place: SessionPlace;
let host: ConsumerHost;
beforeEach(() => {
  place = new SessionPlace();
  host = new ConsumerHost();
});
afterEach(() => {
  host.close();
  place.remove();
});

/** A session that the host has at work, with a program's ring that it knows. */
function begin(keeping: 'stream' | 'memory'): { session: SessionDirectory; ring: SimulatedRing } {
  const mode = keeping === 'memory' ? 'overwrite' : 'discard';
  const session = place.makeSession(mode);
  const ring = new SimulatedProgram(session.path, true).ring(0, geometry, mode);
  for (const value of range(0, 10)) ring.emit(value);
  ring.sync();
  host.attach(session.path, keeping);
  return { session, ring };
}

test.each(['stream', 'memory'] as const)(
  'a session whose directory was removed is ended once nobody else can, and its programs stop: kept as %s',
  async (keeping) => {
    const { session, ring } = begin(keeping);
    const { session: other } = begin(keeping);
    await host.endRemoved();
    rmSync(session.path, { recursive: true });
    expect(host.isIdle).toBe(false);
    await host.endRemoved();
    ring.sync();
    expect(ring.producer.isStopped).toBe(true);
    expect(host.isIdle).toBe(false);
    rmSync(other.path, { recursive: true });
    await host.endRemoved();
    expect(host.isIdle).toBe(true);
  },
);

test('a directory that another daemon has made in its place is left alone', async () => {
  const { session } = begin('stream');
  renameSync(session.path, `${session.path}.moved`);
  mkdirSync(session.path);
  await host.endRemoved();
  expect(host.isIdle).toBe(true);
  expect(readdirSync(session.path)).toEqual([]);
});
