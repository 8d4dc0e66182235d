import { SpoorError } from '@spoor/base';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { RingReader } from './reader.ts';
import { fileStore } from './ring-store.ts';
import { createThreadRing, geometries, type RingRequest } from './ring-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-ring-file-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const request: RingRequest = {
  folder,
  mode: 'discard',
  geometry: { subBufferSizeBytes: 16384, subBufferCount: 2 },
  processStartTicks: 7n,
  uuid: new Uint8Array(16).fill(3),
  streamClassId: 0,
  channelName: 'ch0',
  sessionPath: folder,
  blockingTimeoutUs: 0,
};

describe('a ring file', () => {
  test('gets the next free number and is read through the file', () => {
    const first = createThreadRing(request);
    const second = createThreadRing(request);
    expect([first.ringNumber, second.ringNumber]).toEqual([0, 1]);
    expect(readdirSync(folder).sort()).toEqual(['0.ring', '1.ring']);
    const { producer } = second;
    producer.clock[0] = 123_456_789_012n;
    const at = producer.begin(5, 1);
    producer.view.setUint8(at, 42);
    producer.commit(at + 1);
    second.close();
    const fd = openSync(join(folder, '1.ring'), 'r+');
    const reader = new RingReader(fileStore(fd), '1.ring');
    expect(reader.header).toMatchObject({
      mode: 'discard',
      tier: 'mapped',
      ringNumber: 1,
      pid: process.pid,
      processStartTicks: 7n,
      ...request.geometry,
    });
    expect(reader.poll()).toMatchObject({ closed: true, finished: [0], lastTimeNs: 123_456_789_012n });
    expect(reader.read(0)!.bytes.at(-1)).toBe(42);
    reader.release(0);
    expect(reader.poll().finished).toEqual([]);
    closeSync(fd);
  });

  test('takes a part of what the process may have, so that late threads get one too', () => {
    const own = mkdtempSync(join(folder, 'limited-'));
    const maxMemoryBytes = 4 * 1024 ** 2;
    const geometry = { subBufferSizeBytes: 256 * 1024, subBufferCount: 16 };
    const sizes: number[] = [];
    let thrown: unknown;
    try {
      for (;;) {
        const ring = createThreadRing({ ...request, folder: own, geometry, maxMemoryBytes });
        sizes.push(ring.geometry.subBufferSizeBytes * ring.geometry.subBufferCount);
      }
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'ring/memory-limit' });
    expect(sizes.length).toBeGreaterThan(20);
    expect(sizes[0]).toBe(maxMemoryBytes / 8);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(sizes.at(-1)).toBe(2 * 16 * 1024);
    const all = sizes.reduce((sum, size) => sum + 4096 + size, 0);
    expect(all).toBeLessThanOrEqual(maxMemoryBytes);
    // No room for one more is left over.
    expect(all).toBeGreaterThan(maxMemoryBytes - 36 * 1024);
    rmSync(own, { recursive: true });
  });

  test('in a folder that there is not is refused with a typed error', () => {
    let thrown: unknown;
    try {
      createThreadRing({ ...request, folder: join(folder, 'absent') });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SpoorError);
    expect((thrown as SpoorError).code).toBe('ring/cannot-create');
  });

  test.each([
    { subBufferSizeBytes: 256 * 1024 ** 2, subBufferCount: 16 },
    { subBufferSizeBytes: 3000, subBufferCount: 4 },
    { subBufferSizeBytes: 4096, subBufferCount: 1 },
  ])('is refused before anything is made for a geometry that no ring can have: %o', (geometry) => {
    const before = readdirSync(folder);
    expect(() => createThreadRing({ ...request, geometry })).toThrow(/no ring has/);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('shrinks step by step to the smallest', () => {
    const sizes = [...geometries({ subBufferSizeBytes: 262144, subBufferCount: 16 })];
    expect(sizes[0]).toEqual({ subBufferSizeBytes: 262144, subBufferCount: 16 });
    expect(sizes.at(-1)).toEqual({ subBufferSizeBytes: 16384, subBufferCount: 2 });
    sizes.slice(1).forEach((each, index) => {
      const before = sizes[index]!;
      const bytes = (size: typeof each): number => size.subBufferCount * size.subBufferSizeBytes;
      expect(bytes(each)).toBeLessThan(bytes(before));
      expect(each.subBufferSizeBytes % 4096).toBe(0);
    });
    expect([...geometries({ subBufferSizeBytes: 4096, subBufferCount: 2 })]).toHaveLength(1);
  });
});
