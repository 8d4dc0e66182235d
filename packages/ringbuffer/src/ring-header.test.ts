import { expect, test } from 'vitest';
import { CONTROL, CONTROL_BYTES, RING_VERSION, ringSizeBytes } from './layout.ts';
import { RingProducer } from './producer.ts';
import { readRingHeader } from './ring-header.ts';

const said = {
  mode: 'overwrite',
  tier: 'copied',
  subBufferCount: 2,
  subBufferSizeBytes: 4096,
  pid: 7,
  tid: 8,
  ringNumber: 9,
  processStartTicks: 2n ** 40n,
  threadStartTicks: 2n ** 41n,
  uuid: new Uint8Array(16).fill(3),
  streamClassId: 1,
  channelName: 'net',
} as const;

function controlPage(): Uint8Array {
  const memory = new ArrayBuffer(ringSizeBytes(said));
  const producer = new RingProducer(memory, { ...said, cpuId: () => 0, readClock: () => 1n });
  expect(producer.lostEvents).toBe(0);
  return new Uint8Array(memory, 0, CONTROL_BYTES);
}

function withWord(at: number, word: number): Uint8Array {
  const control = controlPage();
  new DataView(control.buffer).setUint32(at, word, true);
  return control;
}

test('says what the producer was made with', () => {
  expect(readRingHeader(controlPage(), 'r')).toEqual(said);
});

test.each([
  ['ring/not-a-ring', 'a page that is cut off', controlPage().subarray(0, CONTROL_BYTES - 1)],
  ['ring/not-a-ring', 'another file', withWord(CONTROL.magic, 0)],
  ['ring/version', 'another release', withWord(CONTROL.version, RING_VERSION + 1)],
  ['ring/geometry', 'no sub-buffers', withWord(CONTROL.subBufferCount, 0)],
  ['ring/geometry', 'an odd size', withWord(CONTROL.subBufferSizeBytes, 4097)],
])('%s: %s', (code, _what, control) => {
  expect(() => readRingHeader(control, 'r')).toThrow(expect.objectContaining({ code, where: 'r' }));
});
