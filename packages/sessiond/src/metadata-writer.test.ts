import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, integer, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { MetadataWriter } from './metadata-writer.ts';

test('a writer that takes up a cut file completes it, wherever it was cut', () => {
  const root = mkdtempSync(join(tmpdir(), 'spoor-metadata-'));
  const path = join(root, 'metadata');
  const events = join(root, 'events');
  const text = string({ unit: 'grapheme', minLength: 1 });
  assert(
    property(text, array(text, { maxLength: 6 }), integer({ min: 0, max: 1000 }), (header, blocks, cut) => {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(events, { recursive: true });
      using first = new MetadataWriter(path, header, events);
      first.update();
      expect(readFileSync(path, 'utf8')).toBe(header);
      for (const [id, block] of blocks.entries()) writeFileSync(join(events, String(id)), block);
      first.update();
      const whole = `${header}${blocks.join('')}`;
      expect(readFileSync(path, 'utf8')).toBe(whole);
      truncateSync(path, Math.min(cut, Buffer.byteLength(whole)));
      using second = new MetadataWriter(path, header, events);
      second.update();
      expect(readFileSync(path, 'utf8')).toBe(whole);
      expect(second.eventClassCount).toBe(blocks.length);
    }),
  );
  rmSync(root, { recursive: true, force: true });
});
