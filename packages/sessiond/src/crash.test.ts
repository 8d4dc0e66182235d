import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKET, PACKET_HEADER_BYTES, RingReader, fileStore, makeChannel } from '@spoor/ringbuffer';
import { array, assert, boolean, constantFrom, integer, property, tuple } from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { Consumer } from './consumer.ts';
import { extractCrash } from './crash.ts';
import { MetadataWriter } from './metadata-writer.ts';
import { indexHeaderBytes } from './packet-index.ts';
import { RingDrain } from './ring-drain.ts';
import { SessionDirectory } from './run-directory.ts';
import { deaths, dieWriting } from './testing/dying-consumer.ts';
import { SimulatedProgram } from './testing/simulated-program.ts';

const geometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };
const root = mkdtempSync(join(tmpdir(), 'spoor-crash-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Stream files below a directory. */
function streamsIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('/ch0_0'))
    .map((name) => join(path, name));
}

/** The values in the whole packets of a stream file; what is half written at its end is left out, as readers do. */
function valuesOf(path: string): number[] {
  const stream = readFileSync(path);
  const values: number[] = [];
  for (let packetAt = 0; packetAt + PACKET_HEADER_BYTES <= stream.length;) {
    const end = packetAt + Number(stream.readBigUInt64LE(packetAt + PACKET.packetSizeBits) / 8n);
    if (end > stream.length) break;
    for (let at = packetAt + PACKET_HEADER_BYTES; at < end;) {
      at += (stream[at]! & 31) === 31 ? 13 : 4;
      values.push(stream.readUInt32LE(at));
      at += 4;
    }
    packetAt = end;
  }
  return values;
}

/** After the cut nothing came into the packet, and its rest is none. */
const nothingAfterCut = [
  [288, 'before the release', false],
  [87, 'cut written', false],
  [374, 'before the note', false],
  [0, 'no entry', false],
] satisfies [number, (typeof deaths)[number], boolean][];

test('wherever the consumer was killed, its trace and what spoor crash finds have each event once', () => {
  const step = tuple(integer({ min: 0, max: 1500 }), constantFrom(...deaths), boolean());
  assert(
    property(array(step, { minLength: 1, maxLength: 5 }), boolean(), (steps, keepsIndex) => {
      const outputDir = mkdtempSync(join(root, 'trace-'));
      const channels = [makeChannel({ mode: 'discard', ...geometry })];
      const session = SessionDirectory.create(root, { name: 'test', channels, auto: false, outputDir });
      const program = new SimulatedProgram(session.path, false);
      const ring = program.ring(0, geometry, 'discard');
      new Consumer(session, () => undefined).poll(0);
      const committed: number[] = [];
      let next = 0;
      for (const [count, death, isLate] of steps) {
        // The successor of the one that was killed the last time; it has all to do at once, or some of it.
        if (!isLate) new Consumer(session, () => undefined).poll(0);
        for (const end = next + count; next < end; next += 1) if (ring.emit(next)) committed.push(next);
        ring.sync();
        if (isLate) new Consumer(session, () => undefined).poll(0);
        for (const end = next + count / 3; next < end; next += 1) if (ring.emit(next)) committed.push(next);
        ring.sync();
        const [traceDir = ''] = readdirSync(join(outputDir, 'ust', 'pid'));
        dieWriting(
          death,
          join(program.directory, 'rings', '0.ring'),
          join(outputDir, 'ust', 'pid', traceDir, 'ch0_0'),
        );
        ring.sync();
      }
      const [stream] = streamsIn(outputDir);
      const before = stream === undefined ? [] : valuesOf(stream);
      if (stream !== undefined && !keepsIndex) truncateSync(join(stream, '..', 'index', 'ch0_0.idx'), 0);
      const saved = mkdtempSync(join(root, 'saved-'));
      const { totals, errors } = extractCrash(session.path, saved);
      expect(errors).toEqual([]);
      const rest = streamsIn(saved).flatMap(valuesOf);
      expect([...before, ...rest]).toEqual(committed);
      expect(totals).toMatchObject({ eventCount: rest.length, lostCount: next - committed.length });
      expect(totals.recordedCount).toBe(before.length);
      ring.close();
      session.remove();
    }),
    { numRuns: 100, examples: [[nothingAfterCut, false]] },
  );
});

/** A recording of 10 events that a consumer has ended, and was killed over it; its program went on to 100. */
function endedByTheDead(isNoted: boolean) {
  const outputDir = mkdtempSync(join(root, 'trace-'));
  const channels = [makeChannel({ mode: 'discard', ...geometry })];
  const session = SessionDirectory.create(root, { name: 'test', channels, auto: false, outputDir });
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'discard');
  const ringPath = join(program.directory, 'rings', '0.ring');
  for (let value = 0; value < 10; value += 1) ring.emit(value);
  ring.sync();
  // The first look makes the trace; then the ring as it is before the end of the recording.
  new Consumer(session, () => undefined).poll(0);
  const [name = ''] = readdirSync(join(outputDir, 'ust', 'pid'));
  const traceDir = join(outputDir, 'ust', 'pid', name);
  const events = join(program.directory, 'events');
  const metadata = new MetadataWriter(join(traceDir, 'metadata'), '', events, {});
  const ringFile = openSync(ringPath, 'r+');
  const reader = new RingReader(fileStore(ringFile), ringPath);
  const before = reader.progress;
  const ending = new RingDrain(0, ringPath, traceDir, metadata);
  ending.stop();
  ending.finish(true);
  ending.close();
  if (!isNoted) reader.noteProgress(before);
  closeSync(ringFile);
  ring.sync();
  let committed = 10;
  while (committed < 100 && ring.emit(committed)) committed += 1;
  expect(committed).toBe(100);
  ring.sync();
  return { session, ring, ringPath, traceDir, metadata };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, value) => value);

test.each(['entry', 'no entry'])(
  'a consumer killed as it ends the recording of a program that goes on has told how much of its packet it wrote (%s)',
  (written) => {
    const { session, ring, traceDir, metadata } = endedByTheDead(false);
    metadata.close();
    const stream = join(traceDir, 'ch0_0');
    if (written === 'no entry') truncateSync(join(traceDir, 'index', 'ch0_0.idx'), indexHeaderBytes);

    expect(valuesOf(stream)).toEqual(upTo(10));
    const { totals: found } = extractCrash(session.path, mkdtempSync(join(root, 'saved-')));
    expect(found).toMatchObject({ eventCount: 0, recordedCount: 10 });
    // Its successor cuts off what has no entry, and has it anew and whole.
    const { totals } = new Consumer(session, () => undefined).finish();
    const values = valuesOf(stream);
    expect(values).toEqual(upTo(written === 'entry' ? 10 : 100));
    expect(totals.eventCount).toBe(values.length);
    ring.close();
    session.remove();
  },
);

test.each([true, false])(
  'what a program commits after the end of its recording is not lost to a successor that finds it dead (noted: %s)',
  (isNoted) => {
    const { session, ring, ringPath, traceDir, metadata } = endedByTheDead(isNoted);
    const successor = new RingDrain(0, ringPath, traceDir, metadata);
    successor.finish(false);
    expect(successor.totals('0')).toMatchObject({ eventCount: 10, lostCount: 0 });
    expect(valuesOf(join(traceDir, 'ch0_0'))).toEqual(upTo(10));
    successor.close();
    metadata.close();
    ring.close();
    session.remove();
  },
);

test('what a program without file descriptors left in links is read, and no link is followed', () => {
  const outputDir = mkdtempSync(join(root, 'trace-'));
  const channels = [makeChannel({ mode: 'discard', ...geometry })];
  const session = SessionDirectory.create(root, { name: 'links', channels, auto: false, outputDir });
  const { directory } = new SimulatedProgram(session.path, false);
  const link = (text: string, ...names: readonly string[]): void => {
    const path = join(directory, ...names);
    mkdirSync(join(path, '..'), { recursive: true });
    symlinkSync(text, path);
  };
  link('{"tid":1,"state":"off","reasons":[]}', 'status', '1-2.link.json');
  link('[["ch0",7]]', 'lost', 'counters', '1-2.counters');
  link('[["hits",3]]', 'counters', '1-2.counters');
  const read = () => extractCrash(session.path, mkdtempSync(join(root, 'saved-')));
  expect(read()).toMatchObject({ errors: [], totals: { lostCount: 7, counters: { hits: 3 } } });
  link('/dev/zero', 'events', '9');
  expect(read().errors).toEqual([expect.stringContaining('neither a file nor a folder')]);
});
