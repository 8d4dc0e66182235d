import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeChannel } from '@spoor/ringbuffer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Consumer } from './consumer.ts';
import { SessionDirectory } from './run-directory.ts';
import { SimulatedProgram, type SimulatedRing } from './testing/simulated-program.ts';

const geometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-consumer-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function makeSession(): SessionDirectory {
  const channels = [makeChannel({ mode: 'discard', ...geometry })];
  return SessionDirectory.create(root, {
    name: 'test',
    channels,
    auto: false,
    outputDir: join(root, 'trace'),
  });
}

/** Of the control page: docs/design/formats.md. */
const wakesAt = 72;
const wokenAt = 194;
/** How often a consumer looks that sleeps. */
const asleepMs = 500;

/** Fills so many sub-buffers and begins another. */
function fill(ring: SimulatedRing, subBufferCount: number): void {
  const { openedPackets } = ring.producer;
  for (let value = 0; ring.producer.openedPackets < openedPackets + subBufferCount; value += 1)
    ring.emit(value);
  ring.sync();
}

test('a consumer that is woken sleeps between sub-buffers that seldom come, and not between others', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'discard');
  ring.producer.view.setUint8(wakesAt, 1);
  ring.producer.view.setUint8(wokenAt, 1);
  fill(ring, 1);
  const path = join(program.directory, 'rings', '0.ring');
  const isWoken = () => readFileSync(path)[wokenAt] === 1;
  const consumer = new Consumer(session, () => undefined, { isWoken: true });
  /** Looks until it sleeps, a millisecond apart; answers how often. */
  const looksUntilAsleep = (fromMs: number): number => {
    for (let looks = 1; looks <= 1000; looks += 1)
      if (consumer.poll(fromMs + looks) === asleepMs) return looks;
    throw new Error('the consumer does not sleep');
  };
  // Asks to be woken, and looks for what was finished right before.
  expect(looksUntilAsleep(1000)).toBeLessThanOrEqual(3);
  expect(isWoken()).toBe(false);
  for (const nowMs of [2000, 3000]) {
    ring.sync();
    fill(ring, 1);
    consumer.wake();
    // What was found came long after what was found before.
    expect(consumer.poll(nowMs)).toBeLessThan(2);
    expect(looksUntilAsleep(nowMs)).toBeLessThanOrEqual(3);
  }
  ring.sync();
  fill(ring, 1);
  consumer.wake();
  expect(consumer.poll(4000)).toBeLessThan(2);
  ring.sync();
  fill(ring, 1);
  expect(consumer.poll(4010)).toBeLessThan(2);
  // Who finishes one after the other need not be asked to call.
  expect(looksUntilAsleep(4010)).toBeGreaterThan(20);
  // Woken for nothing that is finished: a thread begins or ends, which is not over yet.
  consumer.wake();
  expect(looksUntilAsleep(5000)).toBeGreaterThan(200);
  ring.sync();
  ring.producer.close();
  ring.sync();
  expect(looksUntilAsleep(6000)).toBeGreaterThan(200);
  const { totals } = consumer.finish();
  expect(totals.lostCount).toBe(0);
  ring.close();
});

test('a consumer does not sleep while a ring is there whose thread cannot wake it', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const rings = [0, 1].map((number) => program.ring(number, geometry, 'discard'));
  rings[0]!.producer.view.setUint8(wakesAt, 1);
  for (const ring of rings) fill(ring, 1);
  const consumer = new Consumer(session, () => undefined, { isWoken: true });
  for (let nowMs = 1000; nowMs < 2000; nowMs += 1) expect(consumer.poll(nowMs)).toBeLessThan(2);
  consumer.finish();
  for (const ring of rings) ring.close();
});
