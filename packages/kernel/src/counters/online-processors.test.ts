import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, property, string, uniqueArray, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { OnlineProcessors, parseProcessorList } from './online-processors.node.ts';

test('property: lists of numbers and ranges; of what is none nothing is taken', () => {
  assert(
    property(uniqueArray(nat(500)), array(string()), (numbers, noise) => {
      const sorted = numbers.toSorted((left, right) => left - right);
      expect([...parseProcessorList(sorted.join(','))]).toEqual(sorted);
      expect(() => parseProcessorList(noise.join(','))).not.toThrow();
    }),
  );
  expect([...parseProcessorList('0-2,5,7-8\n')]).toEqual([0, 1, 2, 5, 7, 8]);
  expect([...parseProcessorList('')]).toEqual([]);
});

test('what was switched off and on is told once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-online-'));
  try {
    const path = join(folder, 'online');
    writeFileSync(path, '0-3\n');
    const processors = new OnlineProcessors(path);
    expect(processors.change()).toBeUndefined();
    writeFileSync(path, '0,2-3\n');
    expect(processors.change()).toEqual({ on: [], off: [1] });
    expect(processors.change()).toBeUndefined();
    writeFileSync(path, '0-1,4\n');
    expect(processors.change()).toEqual({ on: [1, 4], off: [2, 3] });
    expect(new OnlineProcessors(join(folder, 'none')).change()).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
