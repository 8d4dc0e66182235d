import * as fs from 'node:fs';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { RingCopier } from './copier.ts';
import { ringSizeBytes, type RingMode } from './layout.ts';
import { RingProducer } from './producer.ts';
import { RingReader, fileStore } from './reader.ts';

/** Called after each write of the copier: the moments at which it may be killed. */
let afterWrite: () => void = () => undefined;

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    writeSync: (...args: Parameters<typeof fs.writeSync>) => {
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
    const producer = new RingProducer(memory, {
      ...geometry,
      mode,
      pid: 1,
      tid: 1,
      ringNumber: 0,
      processStartTicks: 1n,
      threadStartTicks: 1n,
      uuid: new Uint8Array(16),
      tier: 'copied',
      streamClassId: 0,
      channelName: 'ch0',
      cpuId: () => 0,
      onFinished: () => copier.copy(),
    });
    fs.writeSync(fd, producer.bytes, 0, producer.bytes.length, 0);
    const reader = new RingReader(fileStore(fd), mode);
    let looks = 0;
    afterWrite = () => {
      for (const sequence of reader.poll().finished) {
        const packet = reader.read(sequence);
        if (packet === undefined) continue;
        looks += 1;
        // Each event takes 104 bytes, a few of a packet 9 more.
        expect(packet.eventCount).toBe(Math.floor((packet.bytes.length - 80) / 104));
      }
    };
    for (let event = 0; event < 400; event += 1) {
      producer.clock[0] = BigInt(event) * 1_000_000n;
      const at = producer.begin(0, 100);
      if (at >= 0) producer.commit(at + 100);
      if (mode === 'discard' && event % 40 === 39)
        for (const one of reader.poll().finished) reader.release(one);
    }
    afterWrite = () => undefined;
    expect(looks).toBeGreaterThan(10);
    closeSync(fd);
  },
);
