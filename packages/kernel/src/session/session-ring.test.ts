import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAvailable } from '@spoor/sys';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { TaskTable } from '../contexts/task-table.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { SessionRing } from './session-ring.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-session-ring-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

const subBufferBytes = 65_536;
const layout = { ...layout64, subBufferBytes };

/** The ring of an instance, which is a file here, with so many pages of system calls. */
function ringOf(pageCount: number, pause: () => void): SessionRing {
  const perCpu = join(folder, 'per_cpu/cpu0');
  mkdirSync(perCpu, { recursive: true });
  const path = join(perCpu, 'trace_pipe_raw');
  const bytes = new Uint8Array(48);
  new DataView(bytes.buffer).setUint16(0, sampleFormats.events[0]!.id, true);
  const page = new PageBuilder(layout, 1_000_000_000n);
  for (let record = 0; record < 1000; record += 1) page.record(10, bytes);
  writeFileSync(path, Buffer.concat(Array.from({ length: pageCount }, () => page.finish())));
  writeFileSync(join(perCpu, 'stats'), 'entries: 0\noverrun: 0\nread events: 0\n');
  return new SessionRing(
    {
      cpu: 0,
      path,
      layout,
      ringBytes: pageCount * subBufferBytes,
      isInMemory: false,
      readIntervalMs: 0,
      data: {
        key: 'ring',
        channel: 'ch',
        fileSuffix: '',
        limits: { sizeBytes: 0, count: 0 },
        streamClass: 0,
        formats: sampleFormats.events,
        printkFormats: '',
        wanted: [],
        rules: [],
        selections: [],
        contexts: [],
        machine: 'x86_64',
        eventNames: new Map(),
        textEvents: [],
        facts: sampleFacts,
        tasks: new TaskTable(16).memory,
        metAddresses: undefined,
      },
      place: undefined,
      toldLost: 0,
      spool: undefined,
    },
    () => undefined,
    pause,
  );
}

// 2 ms are over after each page, or never.
test.runIf(isAvailable().available).each([
  [10, 7],
  [0, 0],
])('rings are given their turn while others are handed on slowly: %d ms a look', (stepMs, pauses) => {
  let nowMs = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += stepMs));
  let count = 0;
  const ring = ringOf(7, () => {
    count += 1;
  });
  // It is like those that it is read beside.
  ring.sink.resume({ directory: folder, declared: new SharedArrayBuffer(4096), writer: undefined });
  expect(ring.drain(false)).toBe(7 * subBufferBytes);
  expect(ring.failure).toBeUndefined();
  expect(count).toBe(pauses);
  ring.close();
});
