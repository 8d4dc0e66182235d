// A reader takes snapshots of an overwriting ring while its program emits as fast as it can: nothing stops the
// program, and no event of a snapshot is torn, out of order or of another place.
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { EVENTS_FOLDER, RingReader, fileStore, readProcess } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { checkOf, textOf } from '../record/checked-event.mjs';
import { TracedRun } from '../support/traced.ts';

interface TakenPacket {
  readonly bytes: Uint8Array;
  /** Events of the thread before the packet: the number of its first one. */
  readonly first: number;
  readonly count: number;
}

/** All that lies in the ring now, and how many packets the program had opened before and after. */
function takeSnapshot(path: string): { packets: TakenPacket[]; opened: number } {
  const fd = openSync(path, 'r');
  try {
    const reader = new RingReader(fileStore(fd), path);
    const packets: TakenPacket[] = [];
    reader.snapshot(({ bytes, eventsBefore, eventCount }) => {
      packets.push({ bytes: bytes.slice(), first: eventsBefore, count: eventCount });
    });
    return { packets, opened: reader.poll().openedPackets };
  } finally {
    closeSync(fd);
  }
}

/** Reads the packets as a trace: each event is checked; returns their numbers. */
function numbersOf(processPath: string, folder: string, packets: readonly TakenPacket[]): number[] {
  mkdirSync(folder, { recursive: true });
  const events = join(processPath, EVENTS_FOLDER);
  const blocks = readdirSync(events)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => readFileSync(join(events, name), 'utf8'));
  writeFileSync(join(folder, 'metadata'), [readProcess(processPath).header, ...blocks].join(''));
  writeFileSync(join(folder, 'ch0_0'), Buffer.concat(packets.map(({ bytes }) => bytes)));
  const numbers: number[] = [];
  let torn = 0;
  for (const event of openTrace(folder).events()) {
    const n = Number(event.field('n'));
    if (Number(event.field('check')) !== checkOf(0, n) || event.field('text') !== textOf(n)) torn += 1;
    numbers.push(n);
  }
  expect(torn).toBe(0);
  return numbers;
}

test('snapshots of an overwriting ring at full speed have no torn event', async () => {
  const wanted = 6;
  using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 256 * 1024, subBufferCount: 16 });
  const eventModule = new URL('../record/checked-event.mjs', import.meta.url).href;
  const openedAt: number[] = [];
  let eventCount = 0;
  const ended = await run.run(
    `import { checkOf, textOf } from ${JSON.stringify(eventModule)};
     const checked = tracepoint('t:checked', { n: 'u32', check: 'u32', text: 'string' });
     for (let n = 0; ; n += 1) checked(n, checkOf(0, n), textOf(n));`,
    {
      whileRunning(kill) {
        const [path] = run.ringPaths();
        if (path === undefined || openedAt.length === wanted) return;
        const { packets, opened } = takeSnapshot(path);
        // A reader that was not let run for a whole lap finds everything taken back: it looks again.
        if (packets.length === 0) return;
        // One that finds the program where it was says nothing: it goes on when it is let run.
        if (opened === openedAt.at(-1)) return;
        openedAt.push(opened);
        const folder = join(run.path, `snapshot-${openedAt.length}`);
        const numbers = numbersOf(run.processPaths()[0]!, folder, packets);
        eventCount += numbers.length;
        // Each packet has the events that it is said to have; the one that is being written has perhaps one more, whose
        // thread does not get on between the event and its count.
        const expected = packets.flatMap(({ first, count }) =>
          Array.from({ length: count }, (_, at) => first + at),
        );
        if (numbers.length > expected.length) expected.push(expected.at(-1)! + 1);
        expect(numbers.findIndex((n, at) => n !== expected[at])).toBe(-1);
        expect(numbers).toHaveLength(expected.length);
        if (openedAt.length === wanted) kill('SIGKILL');
      },
    },
  );
  expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' });
  expect(openedAt).toHaveLength(wanted);
  expect(eventCount).toBeGreaterThan(0);
});
