import { expect, test } from 'vitest';
import { parseProcessRecord } from './perf-records.ts';

/** A record as perf_event.h has it: words behind the head, then the tail that `sample_id_all` puts there. */
function record(type: number, misc: number, body: Uint8Array, timeNs: bigint): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, bytes.length, true);
  bytes.set(body, 8);
  view.setBigUint64(bytes.length - 8, timeNs, true);
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(new Int32Array(values).buffer);
}

test('processes that are made and end', () => {
  const body = words(70, 60, 71, 61, 0, 0);
  const told = { timeNs: 5_000_000_000, pid: 70, parentPid: 60, tid: 71, parentTid: 61 };
  expect(parseProcessRecord(record(7, 0, body, 5_000_000_000n))).toEqual({ kind: 'fork', ...told });
  expect(parseProcessRecord(record(4, 0, body, 5_000_000_000n))).toEqual({ kind: 'exit', ...told });
});

test('a program that is executed, and not a name that changes alone', () => {
  const body = words(70, 71, 0x656d616e, 0);
  expect(parseProcessRecord(record(3, 1 << 13, body, 9n))).toEqual({
    kind: 'exec',
    timeNs: 9,
    pid: 70,
    tid: 71,
  });
  expect(parseProcessRecord(record(3, 0, body, 9n))).toBeUndefined();
});

test('what is mapped, with its build id where the kernel tells it', () => {
  const body = new Uint8Array(72);
  const view = new DataView(body.buffer);
  view.setInt32(0, 70, true);
  view.setInt32(4, 71, true);
  view.setBigUint64(8, 0x7f12_3456_7000n, true);
  view.setBigUint64(16, 0x2000n, true);
  view.setBigUint64(24, 0x1000n, true);
  view.setUint8(32, 4);
  body.set([0xab, 0x01, 0x02, 0xff], 36);
  body.set(new TextEncoder().encode('/lib/x\0'), 64);
  const told = {
    kind: 'map',
    timeNs: 3,
    pid: 70,
    tid: 71,
    address: 0x7f12_3456_7000,
    sizeBytes: 0x2000,
    fileOffset: 0x1000,
    path: '/lib/x',
  };
  expect(parseProcessRecord(record(10, 1 << 14, body, 3n))).toEqual({ ...told, buildId: 'ab0102ff' });
  expect(parseProcessRecord(record(10, 0, body, 3n))).toEqual({ ...told, buildId: '' });
});

test('records that found no room, and those that tell nothing or are too short', () => {
  expect(parseProcessRecord(record(2, 0, words(1, 0, 12, 0), 3n))).toEqual({
    kind: 'lost',
    timeNs: 3,
    count: 12,
  });
  expect(parseProcessRecord(record(9, 0, words(1, 0, 12, 0), 3n))).toBeUndefined();
  for (const type of [2, 3, 4, 7, 10]) {
    expect(parseProcessRecord(record(type, 0, new Uint8Array(0), 3n))).toBeUndefined();
  }
});
