// The ring with its two ends interleaved: a reader, or a kill, comes between any two of the producer's stores, and a reader may
// see the memory move on before, and in the middle of, each of its reads. The oracle is what was emitted.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTROL, type RingMode } from './layout.ts';
import { restOfPacket, type RingPacket } from './reader-progress.ts';
import { RingReader } from './reader.ts';
import { type RingStore, memoryStore } from './ring-store.ts';
import {
  type Emission,
  type EmittedEvent,
  Journal,
  WatchedRing,
  around,
  eventsOf,
  stopCount,
} from './testing/interleaved-ring.ts';

test('the producer has a stop after each of its stores', () => {
  expect(stopCount).toBeGreaterThan(70);
});

const emission = (clockStep: fc.Arbitrary<number>): fc.Arbitrary<Emission> =>
  fc.record({
    payloadBytes: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 200, max: 900 }) },
      { weight: 1, arbitrary: fc.integer({ min: 8, max: 4200 }) },
    ),
    clockStep,
    flushes: fc.integer({ min: 0, max: 19 }).map((drawn) => drawn === 0),
  });

/** Small steps, steps around the wrap of 27 bits, long pauses. */
const forward = fc.oneof(
  fc.integer({ min: 0, max: 2000 }),
  fc.integer({ min: 2 ** 27 - 2, max: 2 ** 27 + 2 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
);

const counts = fc.constantFrom(0, 2 ** 32 - 7);

/** How far the producer gets between two reads: a few statements of an event, or several events. */
const stride = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 }) },
);

describe('a ring whose ends are interleaved', () => {
  test.each<RingMode>(['discard', 'overwrite'])(
    'killed after any of its statements, it has all that was committed and nothing torn (%s)',
    (mode) => {
      fc.assert(
        fc.property(
          fc.array(emission(forward), { minLength: 5, maxLength: 40 }),
          fc.integer({ min: 2, max: 4 }),
          counts,
          (emissions, subBufferCount, committedBefore) => {
            around.lostBefore = 0;
            const ring = new WatchedRing(mode, subBufferCount, committedBefore);
            const reader = new RingReader(memoryStore(ring.memory), 'killed');
            let storing = false;
            ring.willCommit = () => (storing = true);
            const look = (): void => {
              const packets: { sequence: number; eventCount: number; events: EmittedEvent[] }[] = [];
              for (const sequence of reader.poll().finished) {
                const packet = reader.read(sequence)!;
                packets.push({ sequence, eventCount: packet.eventCount, events: eventsOf(packet) });
                expect(packet.eventCount).toBe(packets.at(-1)!.events.length);
              }
              const open = reader.recover();
              if (open !== undefined) {
                const events = eventsOf(open);
                packets.push({ sequence: open.sequence, eventCount: open.eventCount, events });
                expect([0, 1]).toContain(events.length - open.eventCount);
              }
              packets.forEach(({ sequence }, index) => expect(sequence).toBe(packets[0]!.sequence + index));
              const found = packets.flatMap(({ events }) => events);
              const end = found.at(-1)?.value ?? -1;
              const own = ring.committed.filter(({ value }) => value <= end);
              expect(found).toEqual(own.slice(own.length - found.length));
              // The last one may be on its way; all before it are there.
              expect(ring.committed.length - own.length).toBeLessThanOrEqual(storing ? 1 : 0);
              // Before the first packet is overwritten, which begins before the next one counts as opened.
              const isWhole = mode === 'discard' || reader.poll().openedPackets < subBufferCount;
              if (isWhole) expect(found).toHaveLength(own.length);
            };
            around.afterStatement = look;
            try {
              for (const each of emissions) {
                ring.emit(each);
                storing = false;
              }
              look();
            } finally {
              around.afterStatement = () => undefined;
            }
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  test('read while it goes on, it gives whole packets with the counts of their events', () => {
    fc.assert(
      fc.property(
        fc.array(emission(forward), { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 2, max: 4 }),
        counts,
        fc.array(stride, { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 0, max: 1000 }),
        (emissions, subBufferCount, committedBefore, strides, beginAt) => {
          around.lostBefore = 0;
          const ring = new WatchedRing('overwrite', subBufferCount, committedBefore);
          const seen = new Uint32Array(ring.memory.slice(0));
          const journal = new Journal(ring.memory);
          around.afterStatement = () => journal.note();
          for (const each of emissions) ring.emit(each);
          around.afterStatement = () => undefined;
          journal.note();
          let step = 0;
          let drawn = 0;
          const advance = (steps: number): void => {
            const to = Math.min(step + steps, journal.steps.length);
            journal.replay(seen, step, to);
            step = to;
          };
          const bytes = new Uint8Array(seen.buffer);
          const store: RingStore = {
            read(into, position) {
              // A read of the kernel is no moment either: it goes forward while the program runs.
              const half = (into.byteLength >>> 4) << 3;
              advance(strides[drawn++ % strides.length]!);
              into.set(bytes.subarray(position, position + half));
              if (half > 0) advance(strides[drawn++ % strides.length]!);
              into.set(bytes.subarray(position + half, position + into.byteLength), half);
              return into.byteLength;
            },
            write() {
              throw new Error('a snapshot writes nothing');
            },
          };
          advance(beginAt);
          const reader = new RingReader(store, 'moving');
          for (let snapshots = 0; snapshots < 4; snapshots += 1) {
            let next = 0;
            let lastSequence = -1;
            const at = step;
            reader.snapshot((packet) => {
              const events = eventsOf(packet);
              expect(packet.sequence).toBeGreaterThan(lastSequence);
              lastSequence = packet.sequence;
              const first = ring.committed.findIndex(({ value }) => value === events[0]?.value);
              if (events.length > 0) {
                expect(first).toBeGreaterThanOrEqual(next);
                expect(events).toEqual(ring.committed.slice(first, first + events.length));
                expect(packet.eventsBefore).toBe((committedBefore + first) >>> 0);
                next = first + events.length;
              }
              // A thread that is stopped between an event and its count has one more.
              expect([0, 1]).toContain(events.length - packet.eventCount);
            });
            if (at === journal.steps.length) expect(next).toBe(ring.committed.length);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('cut at any moment while it goes on, its parts have each event once, at its time', () => {
    fc.assert(
      fc.property(
        fc.array(emission(forward), { minLength: 20, maxLength: 60 }),
        counts,
        fc.array(stride, { minLength: 1, maxLength: 50 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(31), { minLength: 1, maxLength: 20 }),
        (emissions, committedBefore, strides, cuts, splits) => {
          around.lostBefore = 0;
          const subBufferCount = 32;
          const ring = new WatchedRing('overwrite', subBufferCount, committedBefore);
          const seen = new Uint32Array(ring.memory.slice(0));
          const journal = new Journal(ring.memory);
          around.afterStatement = () => journal.note();
          for (const each of emissions) ring.emit(each);
          around.afterStatement = () => undefined;
          journal.note();
          let step = 0;
          let drawn = 0;
          const bytes = new Uint8Array(seen.buffer);
          const advance = (steps: number): void => {
            const to = Math.min(step + steps, journal.steps.length);
            journal.replay(seen, step, to);
            step = to;
          };
          const store: RingStore = {
            read(into, position) {
              // The kernel copies a page while the program runs: what comes later in it may be newer.
              const all = into.byteLength;
              const mark = CONTROL.slotMarks + 4 * (splits[drawn % splits.length]! % subBufferCount);
              const split = all > mark && position === 0 ? mark : 0;
              advance(strides[drawn++ % strides.length]!);
              into.set(bytes.subarray(position, position + split));
              if (split > 0) advance(strides[drawn++ % strides.length]! * (drawn % 9));
              into.set(bytes.subarray(position + split, position + all), split);
              return all;
            },
            write(from, position) {
              bytes.set(from, position);
            },
          };
          // Strides that are all 0 would never end.
          advance(1);
          const reader = new RingReader(store, 'cut');
          const found: EmittedEvent[] = [];
          let counted = 0;
          const take = (whole: RingPacket): void => {
            const packet = restOfPacket(whole, reader.progress);
            if (packet === undefined) return;
            found.push(...eventsOf(packet));
            counted += packet.eventCount;
          };
          const look = (isCut: boolean): void => {
            const { finished, open } = reader.poll();
            for (const sequence of finished) {
              const packet = reader.read(sequence)!;
              take(packet);
              if (sequence < reader.progress.recordedPackets) continue;
              reader.noteProgress({ ...reader.progress, recordedPackets: sequence + 1, cutBytes: 0 });
            }
            const cut = isCut && open !== undefined ? reader.readCut(open) : 'nothing';
            if (typeof cut === 'string') return;
            const cutBytes =
              reader.progress.recordedPackets === open && reader.progress.cutBytes > 0
                ? Math.max(reader.progress.cutBytes, cut.bytes.length)
                : cut.bytes.length;
            const { timeNs, committedEvents } = cut;
            take(cut);
            const at = { cutBytes, cutTimeNs: timeNs, cutEvents: committedEvents };
            reader.noteProgress({ ...reader.progress, recordedPackets: cut.sequence, ...at });
          };
          for (let turn = 0; step < journal.steps.length; turn += 1) {
            advance(1);
            look(cuts[turn % cuts.length]!);
          }
          look(true);
          expect(found).toEqual(ring.committed);
          expect(counted).toBe(ring.committed.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('while the next sub-buffer is being opened, the size of the packet that lay there before is not taken for its own', () => {
    around.lostBefore = 0;
    const ring = new WatchedRing('overwrite', 2, 0);
    const journal = new Journal(ring.memory);
    const before = ring.memory.slice(0);
    around.afterStatement = () => journal.note();
    for (let count = 0; count < 12; count += 1) {
      ring.emit({ payloadBytes: 1000, clockStep: 10, flushes: false });
    }
    around.afterStatement = () => undefined;
    journal.note();
    for (let begin = 1; begin < journal.steps.length; begin += 1) {
      for (let pausedRead = 1; pausedRead <= 6; pausedRead += 1) {
        const memory = before.slice(0);
        const seen = new Uint32Array(memory);
        journal.replay(seen, 0, begin);
        const reader = new RingReader(memoryStore(memory), 'opening');
        const { open } = reader.poll();
        if (open === undefined) break;
        let reads = 0;
        const store: RingStore = {
          read(into, position) {
            reads += 1;
            // Enough to open a sub-buffer, and for no event after it.
            if (reads === pausedRead + 1) {
              journal.replay(seen, begin, Math.min(begin + 22, journal.steps.length));
            }
            return memoryStore(memory).read(into, position);
          },
          write: () => undefined,
        };
        const packet = new RingReader(store, 'opening').readOpen(open);
        if (packet === undefined) continue;
        const [first] = eventsOf(packet);
        if (first !== undefined) expect(first.value).toBe(packet.eventsBefore);
      }
    }
  });

  test('emptied at any moment, it hands over each event once, and counts the lost ones beyond 2^32', () => {
    fc.assert(
      fc.property(
        fc.array(emission(forward), { minLength: 20, maxLength: 80 }),
        fc.integer({ min: 2, max: 4 }),
        counts,
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }),
        (emissions, subBufferCount, committedBefore, pauses) => {
          around.lostBefore = committedBefore;
          const ring = new WatchedRing('discard', subBufferCount, committedBefore);
          const reader = new RingReader(memoryStore(ring.memory), 'emptied');
          const taken: EmittedEvent[] = [];
          const take = (packet: RingPacket): void => {
            const events = eventsOf(packet);
            expect(packet.eventCount).toBe(events.length);
            expect(packet.eventsBefore).toBe((committedBefore + taken.length) >>> 0);
            taken.push(...events);
          };
          let left = pauses[0]!;
          let drawn = 0;
          around.afterStatement = () => {
            left -= 1;
            if (left > 0) return;
            drawn += 1;
            left = pauses[drawn % pauses.length]!;
            const [sequence] = reader.poll().finished;
            if (sequence === undefined) return;
            take(reader.read(sequence)!);
            reader.release(sequence);
          };
          try {
            for (const each of emissions) ring.emit(each);
            for (const sequence of reader.poll().finished) take(reader.read(sequence)!);
          } finally {
            around.afterStatement = () => undefined;
          }
          const last = reader.recover();
          if (last !== undefined) take(last);
          expect(taken).toEqual(ring.committed);
          expect(ring.producer.lostEvents).toBe(around.lostBefore + ring.lost);
          if (ring.lost > 0 && around.lostBefore > 0) {
            const view = new DataView(ring.memory);
            const low = view.getUint32(CONTROL.lostEvents, true);
            expect(low).toBe(ring.producer.lostEvents >>> 0);
            if (ring.producer.lostEvents >= 2 ** 32)
              expect(reader.poll().lostEvents).toBe(ring.producer.lostEvents);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('keeps every event whole when the clock goes back', () => {
    const anywhere = fc.oneof(
      forward,
      forward.map((step) => -step),
    );
    fc.assert(
      fc.property(fc.array(emission(anywhere), { minLength: 5, maxLength: 60 }), (emissions) => {
        around.lostBefore = 0;
        const ring = new WatchedRing('overwrite', 3, 0);
        for (const each of emissions) ring.emit(each);
        const values: number[] = [];
        new RingReader(memoryStore(ring.memory), 'back').snapshot((packet) => {
          values.push(...eventsOf(packet).map(({ value }) => value));
        });
        const own = ring.committed.map(({ value }) => value);
        expect(values).toEqual(own.slice(own.length - values.length));
      }),
    );
  });
});
