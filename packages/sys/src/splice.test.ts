import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAvailable } from './library.ts';
import { SplicePipe } from './splice.ts';

test.runIf(isAvailable().available)(
  'what a full disk does not take is moved first when there is room',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-splice-'));
    const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) >> 3));
    const source = join(folder, 'source');
    writeFileSync(source, content);
    const from = openSync(source, 'r');
    const full = openSync('/dev/full', 'w');
    const target = openSync(join(folder, 'target'), 'w');
    try {
      using pipe = new SplicePipe(65_536);
      pipe.move(from, target, 10_000, 30_000);
      for (let attempt = 0; attempt < 3; attempt += 1)
        expect(() => pipe.move(from, full, 10_000, 30_000)).toThrow('ENOSPC');
      pipe.move(from, target, 10_000, content.length);
      expect(readFileSync(join(folder, 'target')).equals(content)).toBe(true);
    } finally {
      for (const descriptor of [from, full, target]) closeSync(descriptor);
      rmSync(folder, { recursive: true });
    }
  },
);
