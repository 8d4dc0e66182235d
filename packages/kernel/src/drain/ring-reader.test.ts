import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout32BigEndian, layout64, PageBuilder, payloadOf } from '../testing/page-builder.ts';
import { RingReader } from './ring-reader.node.ts';

test.each([layout64, layout32BigEndian])(
  'it is known when all that was there before a moment has been read',
  (layout) => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-ring-reader-'));
    try {
      const page = (begin: bigint, events: number): Uint8Array => {
        const builder = new PageBuilder(layout, begin);
        for (let index = 0; index < events; index += 1) {
          builder.record(1, payloadOf(7, 1500, layout.littleEndian));
        }
        return builder.finish();
      };
      const began = 5n << 32n;
      const path = join(folder, 'pages');
      // The second one is short, so a batch ends with it; the third one has nothing.
      writeFileSync(path, Buffer.concat([page(began, 2), page(began + 100n, 1), page(began + 900n, 0)]));
      using reader = new RingReader(path, layout);
      expect(reader.isBehind(Number(began))).toBe(true);
      expect(reader.read()).toBe(2);
      expect(reader.isBehind(Number(began) + 99)).toBe(true);
      expect(reader.isBehind(Number(began) + 100)).toBe(false);
      expect(reader.read()).toBe(1);
      expect(reader.isBehind(0)).toBe(false);
      expect(reader.read()).toBe(0);
      expect(reader.isBehind(Number(began))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
