import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Ledger, type RingTotals } from './ledger.ts';

const ring = (number: number, thread?: string): RingTotals => ({
  ring: `7-100/${number}`,
  ...(thread === undefined ? {} : { thread }),
  stream: `ch${number}`,
  eventCount: 5,
  lostCount: 0,
  tooLargeCount: 0,
  overwrittenCount: 0,
  packetCount: 1,
  sizeBytes: 100,
});

test('a thread counts once, however many channels it writes to', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-ledger-'));
  try {
    const path = join(folder, 'ledger.jsonl');
    const ledger = new Ledger(path);
    ledger.addProcess('7-100');
    ledger.addRing(ring(0, '7-100'));
    ledger.addRing(ring(1, '7-100'));
    ledger.addRing(ring(2, '8-130'));
    expect(ledger.sum()).toMatchObject({ eventCount: 15, processCount: 1, threadCount: 2 });
    // Of rings that do not know when their thread began, each counts.
    ledger.addRing(ring(3));
    ledger.addRing(ring(4));
    expect(new Ledger(path).sum()).toMatchObject({ eventCount: 25, threadCount: 4 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a filter is useless when it fits no event of any thread', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-ledger-'));
  try {
    const path = join(folder, 'ledger.jsonl');
    const ledger = new Ledger(path);
    ledger.addFilter({ name: 'f1', unlinked: 'a:x: there is no total' });
    ledger.addFilter({ name: 'f2', unlinked: 'a:x: there is no id' });
    ledger.addFilter({ name: 'f2' });
    ledger.addFilter({ name: 'f2', unlinked: 'a:y: there is no id' });
    ledger.addFilter({ name: 'f1', unlinked: 'a:y: there is no total' });
    const lines = ['f1 fits none of the events that came (a:x: there is no total)'];
    expect(ledger.uselessFilters()).toEqual(lines);
    // A consumer that takes its place knows it too.
    expect(new Ledger(path).uselessFilters()).toEqual(lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
