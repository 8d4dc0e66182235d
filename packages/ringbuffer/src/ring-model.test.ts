// The ring against a model of a dozen lines: which events it takes, which it loses, and in which order they come out.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PACKET, PACKET_HEADER_BYTES, type RingMode } from './layout.ts';
import type { RingProducer } from './producer.ts';
import { RingReader } from './reader.ts';
import { memoryStore } from './ring-store.ts';
import type { RingPacket } from './reader-progress.ts';
import { plainRing } from './testing/plain-ring.ts';

const subBufferSizeBytes = 4096;

/** What a test does with a ring. */
type Step =
  | { readonly kind: 'emit'; readonly payloadBytes: number; readonly times: number }
  | { readonly kind: 'consume'; readonly packets: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'replace reader' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('emit' as const),
      payloadBytes: fc.oneof(fc.integer({ min: 4, max: 64 }), fc.integer({ min: 4, max: 4100 })),
      times: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('consume' as const),
      packets: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>({ kind: 'flush' }, { kind: 'snapshot' }, { kind: 'replace reader' }),
  },
);

function makeRing(
  mode: RingMode,
  subBufferCount: number,
): { producer: RingProducer; makeReader: () => RingReader } {
  const { memory, producer } = plainRing(mode, { subBufferSizeBytes, subBufferCount });
  return { producer, makeReader: () => new RingReader(memoryStore(memory), 'model') };
}

/** Emits event `value`: a length and the value, then padding. */
function emit(producer: RingProducer, value: number, payloadBytes: number): boolean {
  producer.clock[0] = BigInt(1000 + value);
  const at = producer.begin(1, payloadBytes);
  if (at < 0) return false;
  producer.view.setUint16(at, payloadBytes, true);
  producer.view.setUint16(at + 2, value, true);
  producer.commit(at + payloadBytes);
  return true;
}

function valuesOf({ bytes }: RingPacket): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(view.getUint32(PACKET.contentSizeBits, true)).toBe(bytes.byteLength * 8);
  expect(view.getUint32(PACKET.packetSizeBits, true)).toBe(bytes.byteLength * 8);
  const values: number[] = [];
  for (let at = PACKET_HEADER_BYTES; at < bytes.byteLength;) {
    expect(bytes[at]! & 31).toBe(1);
    const payloadBytes = view.getUint16(at + 4, true);
    values.push(view.getUint16(at + 6, true));
    at += 4 + payloadBytes;
  }
  return values;
}

/** Which events a discarding ring takes. */
class Model {
  readonly taken: number[] = [];
  lost = 0;
  #used = 0;
  #opened = 0;
  #finished = 0;
  #released = 0;
  #held = 0;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  emit(value: number, payloadBytes: number): void {
    const mostBytes = 13 + payloadBytes;
    if (PACKET_HEADER_BYTES + mostBytes > subBufferSizeBytes) {
      this.lost += 1;
      return;
    }
    if (this.#used === 0 || this.#used + mostBytes > subBufferSizeBytes) {
      if (this.#used > 0) this.#finish();
      if (this.#opened - this.#released >= this.#count) {
        this.lost += 1;
        return;
      }
      this.#opened += 1;
      this.#used = PACKET_HEADER_BYTES;
    }
    this.#used += 4 + payloadBytes;
    this.#held += 1;
    this.taken.push(value);
  }

  flush(): void {
    if (this.#held > 0) this.#finish();
  }

  consume(): boolean {
    if (this.#released === this.#finished) return false;
    this.#released += 1;
    return true;
  }

  #finish(): void {
    this.#finished += 1;
    this.#used = 0;
    this.#held = 0;
  }
}

describe('a ring of random use', () => {
  test('discarding, hands over exactly what it took, and counts the rest', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 2, max: 5 }),
        fc.boolean(),
        (steps, subBufferCount, dies) => {
          const { producer, makeReader } = makeRing('discard', subBufferCount);
          let reader = makeReader();
          const model = new Model(subBufferCount);
          const read: number[] = [];
          let emitted = 0;
          let counted = 0;
          let told = 0;
          const consume = (packet: RingPacket): void => {
            const values = valuesOf(packet);
            expect(packet.eventCount).toBe(values.length);
            counted += packet.eventCount;
            read.push(...values);
            told = new DataView(packet.bytes.buffer, packet.bytes.byteOffset).getUint32(
              PACKET.eventsDiscarded,
              true,
            );
          };
          for (const each of steps) {
            switch (each.kind) {
              case 'emit':
                for (let i = 0; i < each.times; i += 1) {
                  const value = emitted++;
                  const before = model.taken.length;
                  model.emit(value, each.payloadBytes);
                  expect(emit(producer, value, each.payloadBytes)).toBe(model.taken.length > before);
                }
                break;
              case 'consume':
                for (let i = 0; i < each.packets; i += 1) {
                  const [sequence] = reader.poll().finished;
                  expect(model.consume()).toBe(sequence !== undefined);
                  if (sequence === undefined) break;
                  consume(reader.read(sequence)!);
                  reader.release(sequence);
                }
                break;
              case 'flush':
                producer.flush();
                model.flush();
                break;
              case 'replace reader':
                reader = makeReader();
                break;
              case 'snapshot':
                break;
              default:
                each satisfies never;
            }
          }
          if (!dies) producer.close();
          for (const sequence of reader.poll().finished) {
            consume(reader.read(sequence)!);
            reader.release(sequence);
          }
          const rest = reader.recover();
          if (rest !== undefined) consume(rest);
          expect(read).toEqual(model.taken);
          expect(counted).toBe(model.taken.length);
          expect(reader.poll()).toMatchObject({
            lostEvents: model.lost,
            committedEvents: model.taken.length,
          });
          expect(model.taken.length + model.lost).toBe(emitted);
          expect(told).toBe(model.lost);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('overwriting, keeps an unbroken run of the latest events', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 2, max: 5 }),
        (steps, subBufferCount) => {
          const { producer, makeReader } = makeRing('overwrite', subBufferCount);
          const reader = makeReader();
          const taken: number[] = [];
          let emitted = 0;
          const check = (): void => {
            const read: number[] = [];
            const sequences: number[] = [];
            reader.snapshot((packet) => {
              read.push(...valuesOf(packet));
              sequences.push(packet.sequence);
            });
            expect(read).toEqual(taken.slice(taken.length - read.length));
            expect(sequences.length).toBeLessThanOrEqual(subBufferCount);
            sequences.forEach((sequence, index) => {
              expect(sequence).toBe(sequences[0]! + index);
            });
            if (producer.openedPackets <= subBufferCount) expect(read).toEqual(taken);
          };
          for (const each of steps) {
            if (each.kind === 'emit') {
              for (let i = 0; i < each.times; i += 1) {
                const value = emitted++;
                if (emit(producer, value, each.payloadBytes)) taken.push(value);
                else expect(each.payloadBytes).toBeGreaterThan(subBufferSizeBytes - PACKET_HEADER_BYTES - 13);
              }
            } else if (each.kind === 'flush') producer.flush();
            else check();
          }
          check();
          producer.close();
          check();
          expect(taken.length + producer.lostEvents).toBe(emitted);
        },
      ),
      { numRuns: 300 },
    );
  });
});
