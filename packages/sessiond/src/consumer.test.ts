import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import { makeChannel, type RingMode } from '@spoor/ringbuffer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Consumer, nextPauseMs } from './consumer.ts';
import { decodeIndexEntry, indexEntryBytes, indexHeaderBytes } from './packet-index.ts';
import { SessionDirectory } from './run-directory.ts';
import { newestFile } from './stream-files.ts';
import { deaths, dieWriting } from './testing/dying-consumer.ts';
import { SimulatedProgram } from './testing/simulated-program.ts';

const geometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-consumer-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function makeSession(mode: RingMode = 'discard'): SessionDirectory {
  const outputDir = mkdtempSync(join(root, 'trace-'));
  const channels = [makeChannel({ mode, ...geometry })];
  return SessionDirectory.create(root, { name: 'test', channels, auto: false, outputDir });
}

/** Directory of the only process's trace. */
function traceDir(session: SessionDirectory): string {
  const base = join(session.readDescription().outputDir, 'ust', 'pid');
  const names = readdirSync(base);
  expect(names).toHaveLength(1);
  return join(base, names[0]!);
}

/** The values of all events of a stream, and what its index says; checks that both agree. */
function readStream(path: string): { values: number[]; discarded: number; sequences: number[] } {
  const stream = readFileSync(path);
  const index = readFileSync(join(path, '..', 'index', `${path.slice(path.lastIndexOf('/') + 1)}.idx`));
  const values: number[] = [];
  const sequences: number[] = [];
  let discarded = 0;
  let packetAt = 0;
  for (let at = indexHeaderBytes; at < index.length; at += indexEntryBytes) {
    const entry = decodeIndexEntry(index.subarray(at, at + indexEntryBytes));
    expect(Number(entry.offsetBytes)).toBe(packetAt);
    expect(entry.contentSizeBits).toBe(stream.readBigUInt64LE(packetAt + 40));
    sequences.push(Number(entry.packetSequenceNumber));
    discarded = Number(entry.eventsDiscarded);
    const end = packetAt + Number(entry.contentSizeBits / 8n);
    let eventAt = packetAt + 80;
    while (eventAt < end) {
      const payloadAt = eventAt + ((stream[eventAt]! & 31) === 31 ? 13 : 4);
      values.push(stream.readUInt32LE(payloadAt));
      eventAt = payloadAt + 4;
    }
    expect(eventAt).toBe(end);
    packetAt += Number(entry.packetSizeBits / 8n);
  }
  expect(packetAt).toBe(stream.length);
  return { values, discarded, sequences };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

test('takes over finished sub-buffers, then the open one of a dead program, and frees its memory', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  for (const value of range(0, 1000)) expect(ring.emit(value)).toBe(true);
  ring.sync();
  const consumer = new Consumer(session, () => undefined);
  // Whoever has the ring open or mapped would keep its memory; it is cut all the same.
  const ringFd = openSync(join(program.directory, 'rings', '0.ring'), 'r');
  consumer.poll(0);
  ring.close();
  consumer.poll(1000);
  expect(existsSync(program.directory)).toBe(false);
  expect(fstatSync(ringFd).size).toBe(0);
  closeSync(ringFd);
  const { totals, complete } = consumer.finish();
  expect(complete).toBe(true);
  expect(totals).toMatchObject({ eventCount: 1000, lostCount: 0, processCount: 1, threadCount: 1 });
  const stream = join(traceDir(session), 'ch0_0');
  expect(readStream(stream).values).toEqual(range(0, 1000));
  expect(totals.sizeBytes).toBe(readFileSync(stream).length);
  expect(readFileSync(join(traceDir(session), 'metadata'), 'utf8')).toMatch(/t:number/);
});

test('what a full ring loses is counted in the trace, also after its last event', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  let emitted = 0;
  for (const value of range(0, 5000)) if (ring.emit(value)) emitted += 1;
  ring.sync();
  ring.close();
  const { totals } = new Consumer(session, () => undefined).finish();
  expect(emitted).toBeLessThan(5000);
  expect(totals).toMatchObject({ eventCount: emitted, lostCount: 5000 - emitted });
  const capacityBytes = geometry.subBufferSizeBytes * geometry.subBufferCount;
  const lostBytes = Math.ceil((5000 - emitted) * (totals.sizeBytes / emitted));
  expect(totals.crowded).toEqual([{ channel: 'ch0', ...geometry, neededBytes: capacityBytes + lostBytes }]);
  const stream = readStream(join(traceDir(session), 'ch0_0'));
  expect(stream.values).toEqual(range(0, emitted));
  expect(stream.discarded).toBe(5000 - emitted);
});

test('a program that lives on is stopped, and what it recorded until then is in the trace', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'discard');
  for (const value of range(0, 100)) ring.emit(value);
  ring.sync();
  const { totals } = new Consumer(session, () => undefined).finish();
  expect(totals).toMatchObject({ eventCount: 100, lostCount: 0 });
  expect(() => ring.sync()).not.toThrow();
  while (ring.emit(7));
  expect(ring.producer.isStopped).toBe(true);
  expect(ring.producer.lostEvents).toBe(0);
  expect(readStream(join(traceDir(session), 'ch0_0')).values).toEqual(range(0, 100));
  ring.close();
});

test('what a program that lives on had lost when it was stopped is in the trace', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'discard');
  let emitted = 0;
  for (const value of range(0, 5000)) if (ring.emit(value)) emitted += 1;
  ring.sync();
  const { totals } = new Consumer(session, () => undefined).finish();
  expect(totals).toMatchObject({ eventCount: emitted, lostCount: 5000 - emitted });
  expect(readStream(join(traceDir(session), 'ch0_0')).discarded).toBe(5000 - emitted);
  ring.close();
});

test('overwrite mode keeps the last sub-buffers of a thread', () => {
  const session = makeSession('overwrite');
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'overwrite');
  for (const value of range(0, 10_000)) ring.emit(value);
  ring.sync();
  ring.close();
  const consumer = new Consumer(session, () => undefined);
  const { totals } = consumer.finish();
  const { values, sequences } = readStream(join(traceDir(session), 'ch0_0'));
  expect(sequences).toHaveLength(4);
  expect(values).toEqual(range(10_000 - values.length, 10_000));
  expect(totals).toMatchObject({
    eventCount: values.length,
    overwrittenCount: 10_000 - values.length,
    lostCount: 0,
  });
});

test('what a trace chunk has of a ring in overwrite mode the next chunk does not have again', () => {
  const session = makeSession('overwrite');
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'overwrite');
  const consumer = new Consumer(session, () => undefined, { drainsOverwrite: true });
  for (const value of range(0, 600)) ring.emit(value);
  ring.sync();
  const { outputDir } = session.readDescription();
  const next = join(outputDir, 'next');
  consumer.changeChunk(() => next);
  ring.sync();
  ring.close();
  const { totals } = consumer.finish(true);
  const valuesIn = (chunk: string): number[] => {
    const traces = join(chunk, 'ust/pid');
    return readdirSync(traces).flatMap((name) => {
      const stream = join(traces, name, 'ch0_0');
      return existsSync(stream) ? readStream(stream).values : [];
    });
  };
  const first = valuesIn(outputDir);
  expect(first.length).toBeGreaterThan(0);
  expect([...first, ...valuesIn(next)]).toEqual(range(0, 600));
  expect(totals.eventCount).toBe(600);
});

test('a disk that refuses keeps the packets in the ring, and the rest is written when there is room', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  for (const value of range(0, 600)) ring.emit(value);
  ring.sync();
  ring.close();
  const notes: string[] = [];
  const { outputDir } = session.readDescription();
  rmSync(outputDir, { recursive: true });
  writeFileSync(outputDir, 'a file where the directory was');
  const consumer = new Consumer(session, (_severity, text) => notes.push(text));
  consumer.poll(0);
  expect(notes[0]).toMatch(/cannot write to the trace/);
  rmSync(outputDir);
  consumer.poll(1000);
  const { totals, complete } = consumer.finish();
  expect(complete).toBe(true);
  expect(totals.eventCount).toBe(600);
  expect(readStream(join(traceDir(session), 'ch0_0')).values).toEqual(range(0, 600));
});

test.each(['the directory', 'a stream'])(
  '%s that is removed while it is written is told of, once',
  (what) => {
    const session = makeSession();
    const program = new SimulatedProgram(session.path, true);
    const ring = program.ring(0, geometry, 'discard');
    const notes: string[] = [];
    const consumer = new Consumer(session, (severity, text) => notes.push(`${severity}: ${text}`));
    const emit = (values: readonly number[]): void => {
      for (const value of values) ring.emit(value);
      ring.sync();
    };
    emit(range(0, 600));
    consumer.poll(0);
    consumer.poll(10_000);
    expect(notes).toEqual([]);
    const { outputDir } = session.readDescription();
    rmSync(what === 'a stream' ? join(traceDir(session), 'ch0_0') : outputDir, { recursive: true });
    for (const nowMs of [20_000, 30_000]) {
      emit(range(0, 600));
      consumer.poll(nowMs);
    }
    const told = `error: ${outputDir}: files were removed while they are recorded: what was in them is gone, and what comes until others are begun`;
    expect(notes).toEqual([told]);
    expect(consumer.finish(true).complete).toBe(false);
    expect(notes).toEqual([told]);
    ring.close();
  },
);

test('a recording whose metadata could never be written is not complete', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  ring.emit(1);
  ring.sync();
  ring.close();
  const { outputDir } = session.readDescription();
  rmSync(outputDir, { recursive: true });
  writeFileSync(outputDir, 'a file where the directory was');
  const notes: string[] = [];
  const consumer = new Consumer(session, (_severity, text) => notes.push(text));
  consumer.poll(0);
  expect(consumer.finish().complete).toBe(false);
  expect(notes).toContainEqual(expect.stringMatching(/cannot write to the trace/));
});

test('an event that a thread could not declare is said, and the recording is not complete', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  mkdirSync(join(program.directory, 'status'));
  const missing = ['event a:b is not recorded: ENOSPC', 'event a:c is not recorded: ENOSPC'];
  writeFileSync(
    join(program.directory, 'status', '1.json'),
    JSON.stringify({ tid: 1, state: 'recording', reasons: ['small'], missing }),
  );
  const notes: string[] = [];
  const consumer = new Consumer(session, (severity, text) => notes.push(`${severity}: ${text}`));
  consumer.poll(0);
  expect(consumer.finish().complete).toBe(false);
  expect(notes).toEqual(['info: small', `error: ${missing[0]}`, `error: ${missing[1]}`]);
});

test('a damaged ring ends its own stream only, and a half-written status is read again', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const good = program.ring(0, geometry, 'discard');
  const bad = program.ring(1, geometry, 'discard');
  for (const ring of [good, bad]) {
    for (const value of range(0, 600)) ring.emit(value);
    ring.sync();
  }
  mkdirSync(join(program.directory, 'status'));
  writeFileSync(join(program.directory, 'status', '1.json'), '{"tid":');
  const fd = openSync(join(program.directory, 'rings', '1.ring'), 'r+');
  writeSync(fd, Buffer.alloc(16), 0, 16, 4096);
  closeSync(fd);
  const notes: string[] = [];
  const consumer = new Consumer(session, (_severity, text) => notes.push(text));
  consumer.poll(0);
  consumer.poll(1000);
  writeFileSync(
    join(program.directory, 'status', '1.json'),
    '{"tid":1,"state":"recording","reasons":["so"]}',
  );
  const { totals, complete } = consumer.finish();
  expect(notes).toEqual([expect.stringMatching(/^a thread's events end early: .*1\.ring/), 'so']);
  expect(complete).toBe(false);
  expect(totals).toMatchObject({ eventCount: 600, lostCount: 600 });
  expect(readStream(join(traceDir(session), 'ch0_0')).values).toEqual(range(0, 600));
  good.close();
  bad.close();
});

test('a process of another release is left out, the others are recorded', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, true);
  const ring = program.ring(0, geometry, 'discard');
  ring.emit(1);
  ring.sync();
  mkdirSync(join(session.path, '1-1'));
  writeFileSync(join(session.path, '1-1', 'process.json'), '{"version":77}');
  const notes: string[] = [];
  const consumer = new Consumer(session, (_severity, text) => notes.push(text));
  consumer.poll(0);
  consumer.poll(1000);
  const { totals, complete } = consumer.finish();
  expect(notes).toEqual([expect.stringMatching(/process 1-1 is not recorded: .*version 77/)]);
  expect(complete).toBe(false);
  expect(totals).toMatchObject({ eventCount: 1, processCount: 1 });
  ring.close();
});

test('whenever a consumer dies, the next one loses nothing and repeats nothing', () => {
  const steps = array(
    tuple(integer({ min: 0, max: 1500 }), constantFrom(...deaths), integer({ min: 0, max: 1 })),
    {
      maxLength: 12,
    },
  );
  assert(
    property(steps, (steps) => {
      const session = makeSession();
      const program = new SimulatedProgram(session.path, true);
      const ring = program.ring(0, geometry, 'discard');
      const ringPath = join(program.directory, 'rings', '0.ring');
      const recorded: number[] = [];
      let next = 0;
      let consumer = new Consumer(session, () => undefined);
      consumer.poll(0);
      for (const [count, death, polls] of steps) {
        for (const value of range(next, next + count)) if (ring.emit(value)) recorded.push(value);
        next += count;
        ring.sync();
        if (polls > 0) consumer.poll(0);
        dieWriting(death, ringPath, join(traceDir(session), 'ch0_0'));
        // As the kernel does it: hundreds of runs would else use up the descriptors.
        consumer.close();
        consumer = new Consumer(session, () => undefined);
        consumer.poll(0);
        ring.sync();
      }
      const { totals, complete } = consumer.finish();
      expect(complete).toBe(true);
      expect(totals).toMatchObject({ eventCount: recorded.length, lostCount: next - recorded.length });
      const stream = join(traceDir(session), 'ch0_0');
      if (recorded.length > 0) expect(readStream(stream).values).toEqual(recorded);
      ring.close();
      session.remove();
    }),
    { numRuns: 40 },
  );
});

test('the pause settles where a look finds a little, and never lets a burst through', () => {
  const capacityBytes = 64 * 512 * 1024;
  /** The pause after a second of a program that fills the ring at `bytesPerMs`. */
  const settled = (bytesPerMs: number, bytes = capacityBytes): number => {
    let pauseMs = 1;
    for (let spentMs = 0; spentMs < 1000; spentMs += pauseMs) {
      pauseMs = nextPauseMs(
        pauseMs,
        Math.floor(64 * Math.min(1, (bytesPerMs * pauseMs) / bytes)) / 64,
        bytes,
      );
    }
    return pauseMs;
  };
  expect(settled(0)).toBeCloseTo(capacityBytes / 400_000);
  for (const bytesPerMs of [20_000, 150_000, 370_000, 1_000_000]) {
    const found = (settled(bytesPerMs) * bytesPerMs) / capacityBytes;
    expect(found).toBeGreaterThan(1 / 64);
    expect(found).toBeLessThan(1 / 8);
  }
  // A ring that any burst fills at once is looked at as often as can be; a huge one ten times a second.
  expect(settled(0, 8192)).toBe(1);
  expect(settled(0, 2 ** 31)).toBe(100);
});

test('events that are larger than a sub-buffer are counted, and said once', () => {
  const session = makeSession();
  const program = new SimulatedProgram(session.path, false);
  const notes: string[] = [];
  const consumer = new Consumer(session, (severity, text) => notes.push(`${severity}: ${text}`));
  const rings = [0, 1].map((number) => program.ring(number, geometry, 'discard'));
  for (const ring of rings) {
    for (let times = 0; times < 3; times += 1) {
      ring.emit(times);
      expect(ring.producer.begin(0, 4096 - 80 - 12)).toBe(-1);
    }
    ring.sync();
  }
  consumer.poll(0);
  const { totals, complete } = consumer.finish();
  expect(notes).toEqual([
    'info: channel ch0: events that are larger than a sub-buffer (4096 bytes) are lost; --subbuf-size gives them room',
  ]);
  expect(complete).toBe(true);
  expect(totals).toMatchObject({ eventCount: 6, lostCount: 6 });
  for (const [number, ring] of rings.entries()) {
    const { values, discarded } = readStream(join(traceDir(session), `ch0_${number}`));
    expect([values, discarded]).toEqual([[0, 1, 2], 3]);
    ring.close();
  }
});

/** The files of a stream in their order. */
function filesOf(path: string): readonly string[] {
  const newest = newestFile(path);
  return newest === undefined ? [path] : range(0, newest.number + 1).map((number) => `${path}_${number}`);
}

test('cut at any moment and killed over it, the stream has each event once and no gap in its numbers', () => {
  const step = tuple(
    integer({ min: 0, max: 400 }),
    constantFrom('cut', 'cut twice', 'poll', 'flush', 'hold', 'chunk', ...deaths),
  );
  assert(
    property(
      array(step, { minLength: 1, maxLength: 14 }),
      constantFrom('discard', 'overwrite'),
      constantFrom(0, 8192),
      (steps, mode, traceFileSizeBytes) => {
        const session = makeSession(mode);
        const { outputDir } = session.readDescription();
        const [channel] = session.readDescription().channels;
        const rings = { ...channel!, traceFileSizeBytes };
        const recording = [rings];
        const held = [{ ...rings, rules: [] }];
        const program = new SimulatedProgram(session.path, true);
        const ring = program.ring(0, geometry, mode);
        const chunks = [outputDir];
        const wanted: number[][] = [[]];
        let isHeld = false;
        let next = 0;
        const open = (): Consumer => {
          const consumer = new Consumer(session, () => undefined, {
            outputDir: chunks.at(-1)!,
            drainsOverwrite: true,
          });
          consumer.configure({ channels: isHeld ? held : recording });
          return consumer;
        };
        let consumer = open();
        for (const [count, action] of steps) {
          for (const end = next + count; next < end; next += 1) {
            expect(ring.emit(next)).toBe(true);
            if (!isHeld) wanted.at(-1)!.push(next);
            // The consumer keeps up.
            if (next % 50 === 0) {
              ring.sync();
              consumer.poll(0);
              ring.sync();
            }
          }
          ring.sync();
          if (action === 'cut' || action === 'cut twice') {
            expect(consumer.cut()).toBe(0);
            if (action === 'cut twice') expect(consumer.cut()).toBe(0);
          } else if (action === 'poll') {
            consumer.poll(0);
          } else if (action === 'flush') {
            ring.producer.flush();
          } else if (action === 'hold') {
            isHeld = !isHeld;
            expect(consumer.configure({ channels: isHeld ? held : recording })).toBe(0);
          } else if (action === 'chunk') {
            consumer.changeChunk(() => {
              chunks.push(mkdtempSync(join(root, 'trace-')));
              return chunks.at(-1)!;
            });
            wanted.push([]);
          } else if (!isHeld) {
            consumer.drain();
            ring.sync();
            const base = join(chunks.at(-1)!, 'ust', 'pid');
            const [name = ''] = existsSync(base) ? readdirSync(base) : [];
            if (name !== '') {
              const path = join(program.directory, 'rings', '0.ring');
              dieWriting(action, path, filesOf(join(base, name, 'ch0_0')).at(-1)!);
            }
            consumer.close();
            consumer = open();
          }
          ring.sync();
        }
        const { totals } = consumer.finish();
        const found = chunks.map((path) => {
          const base = join(path, 'ust', 'pid');
          const [name = ''] = existsSync(base) ? readdirSync(base) : [];
          const read = filesOf(join(base, name, 'ch0_0'))
            .filter((file) => existsSync(file))
            .map(readStream);
          return {
            values: read.flatMap(({ values }) => values),
            sequences: read.flatMap(({ sequences }) => sequences),
          };
        });
        expect(found.map(({ values }) => values)).toEqual(wanted);
        expect(totals).toMatchObject({ eventCount: wanted.flat().length, lostCount: 0, overwrittenCount: 0 });
        for (const { sequences } of found) {
          expect(sequences).toEqual(sequences.map((_, at) => sequences[0]! + at));
        }
        ring.close();
        session.remove();
      },
    ),
    { numRuns: 40 },
  );
});
