import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKET, PACKET_HEADER_BYTES, makeChannel } from '@spoor/ringbuffer';
import { array, assert, boolean, constantFrom, integer, property, tuple } from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { Consumer } from './consumer.ts';
import { extractCrash } from './crash.ts';
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
    { numRuns: 100 },
  );
});

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
