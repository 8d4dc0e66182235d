// Consumers that are killed at any step of what they do: whoever comes after them loses nothing and repeats nothing.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Consumer } from './consumer.ts';
import { newestFile } from './stream-files.ts';
import { deaths, dieWriting } from './testing/dying-consumer.ts';
import { SessionPlace, geometry, range, readStream, traceDir } from './testing/session-place.ts';
import { SimulatedProgram } from './testing/simulated-program.ts';

let place: SessionPlace;
beforeEach(() => {
  place = new SessionPlace();
});
afterEach(() => place.remove());

test('whenever a consumer dies, the next one loses nothing and repeats nothing', () => {
  const steps = array(
    tuple(integer({ min: 0, max: 1500 }), constantFrom(...deaths), integer({ min: 0, max: 1 })),
    {
      maxLength: 12,
    },
  );
  assert(
    property(steps, (steps) => {
      const session = place.makeSession();
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
        const session = place.makeSession(mode);
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
              chunks.push(place.makeTraceDir());
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
