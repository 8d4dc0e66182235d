import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONTROL, CONTROL_BYTES } from './layout.ts';
import { SwitchWaker, WAKE_FILE, callConsumer } from './reader-waker.ts';

let session: string;

beforeEach(() => {
  session = mkdtempSync(join(tmpdir(), 'spoor-waker-'));
});

afterEach(() => rmSync(session, { recursive: true, force: true }));

const isCalled = () => readFileSync(join(session, WAKE_FILE)).length > 0;

test('a consumer that sleeps is called once, until it sleeps again', () => {
  closeSync(openSync(join(session, WAKE_FILE), 'w'));
  const memory = new ArrayBuffer(CONTROL_BYTES);
  const bytes = new Uint8Array(memory);
  const waker = new SwitchWaker(session, memory);
  expect(bytes[CONTROL.wakes]).toBe(1);
  for (let round = 0; round < 3; round += 1) {
    waker.wake();
    expect(isCalled()).toBe(true);
    expect(bytes[CONTROL.woken]).toBe(1);
    writeFileSync(join(session, WAKE_FILE), '');
    waker.wake();
    expect(isCalled()).toBe(false);
    bytes[CONTROL.woken] = 0;
  }
  callConsumer(session);
  expect(isCalled()).toBe(true);
});

test('who cannot call says so in the ring: then the consumer must not sleep', () => {
  const memory = new ArrayBuffer(CONTROL_BYTES);
  const waker = new SwitchWaker(session, memory);
  waker.wake();
  expect(new Uint8Array(memory)[CONTROL.wakes]).toBe(0);
  expect(() => callConsumer(session)).toThrow(/ENOENT/);
});
