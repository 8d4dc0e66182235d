import type * as sys from '@spoor/sys';
import * as fs from 'node:fs';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { RingCopier } from './copier.ts';
import { ringSizeBytes, type RingMode } from './layout.ts';
import { RingProducer } from './producer.ts';
import { RingReader } from './reader.ts';
import { fileStore } from './ring-store.ts';
import { plainOptions } from './testing/plain-ring.ts';

/** Called after each write of the copier: the moments at which it may be killed. */
let afterWrite: () => void = () => undefined;

vi.mock('@spoor/sys', async (original) => {
  const real = await original<typeof sys>();
  return {
    ...real,
    writeSync: (...args: Parameters<typeof sys.writeSync>) => {
      const count = real.writeSync(...args);
      afterWrite();
      return count;
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), 'spoor-copier-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each<RingMode>(['discard', 'overwrite'])(
  'whenever a copying program is killed, its packets have the counts of their events (%s)',
  (mode) => {
    const geometry = { subBufferSizeBytes: 4096, subBufferCount: 2 };
    const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
    const fd = openSync(join(folder, mode), 'w+');
    const copier = new RingCopier(memory, geometry, mode, fd);
    const producer: RingProducer = new RingProducer(memory, {
      ...plainOptions,
      ...geometry,
      mode,
      tier: 'copied',
      readClock: () => producer.clock[0]!,
      onFinished: () => copier.copy(),
    });
    fs.writeSync(fd, producer.bytes, 0, producer.bytes.length, 0);
    const reader = new RingReader(fileStore(fd), mode);
    let looks = 0;
    let openLooks = 0;
    const countOf = (bytes: Uint8Array): number => Math.floor((bytes.length - 80) / 104);
    afterWrite = () => {
      for (const sequence of reader.poll().finished) {
        const packet = reader.read(sequence);
        if (packet === undefined) continue;
        looks += 1;
        // Each event takes 104 bytes, a few of a packet 9 more.
        expect(packet.eventCount).toBe(countOf(packet.bytes));
      }
      // What was saved of the open packet is there from then on; its count comes last.
      const open = reader.recover();
      if (open === undefined || open.eventCount + countOf(open.bytes) === 0) return;
      openLooks += 1;
      const numbers: number[] = [];
      for (let at = 80; at < open.bytes.length; at += 100) {
        at += (open.bytes[at]! & 31) === 31 ? 13 : 4;
        numbers.push(new DataView(open.bytes.buffer, open.bytes.byteOffset).getUint32(at, true));
      }
      expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
      expect(open.eventCount).toBeLessThanOrEqual(numbers.length);
      if (open.sequence === saved.sequence) expect(numbers.length).toBeGreaterThanOrEqual(saved.count);
    };
    let saved = { sequence: -1, count: 0 };
    for (let event = 0; event < 400; event += 1) {
      producer.clock[0] = BigInt(event) * 1_000_000n;
      const at = producer.begin(0, 100);
      if (at >= 0) {
        producer.view.setUint32(at, event, true);
        producer.commit(at + 100);
      }
      if (event % 7 === 3) {
        copier.copyOpen();
        const open = reader.recover();
        if (open !== undefined) {
          saved = { sequence: open.sequence, count: countOf(open.bytes) };
          expect(open.eventCount).toBe(saved.count);
        }
      }
      if (mode === 'discard' && event % 40 === 39)
        for (const one of reader.poll().finished) reader.release(one);
    }
    afterWrite = () => undefined;
    expect(looks).toBeGreaterThan(10);
    expect(openLooks).toBeGreaterThan(10);
    closeSync(fd);
  },
);
