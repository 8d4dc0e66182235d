import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Consumer, nextPauseMs } from './consumer.ts';
import { SessionPlace, geometry, range, readStream, traceDir } from './testing/session-place.ts';
import { SimulatedProgram } from './testing/simulated-program.ts';

let place: SessionPlace;
beforeEach(() => {
  place = new SessionPlace();
});
afterEach(() => place.remove());

test('takes over finished sub-buffers, then the open one of a dead program, and frees its memory', () => {
  const session = place.makeSession();
  const program = new SimulatedProgram(session.path, false);
  const ring = program.ring(0, geometry, 'discard');
  for (const value of range(0, 1000)) expect(ring.emit(value)).toBe(true);
  ring.sync();
  const consumer = new Consumer(session, () => undefined);
  const ringFd = openSync(join(program.directory, 'rings', '0.ring'), 'r');
  consumer.poll(0);
  ring.close();
  consumer.poll(1000);
  expect(existsSync(program.directory)).toBe(false);
  // No name is left, so its memory goes with the last who maps it; cut, it would kill a program that only seemed dead.
  const { nlink, size } = fstatSync(ringFd);
  expect(nlink).toBe(0);
  expect(size).toBeGreaterThan(0);
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession('overwrite');
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
  const session = place.makeSession('overwrite');
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
  const session = place.makeSession();
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
    const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
  const session = place.makeSession();
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
