// A ring file that a dying machine or a stray write has damaged: the reader answers with packets or with a typed
// error, never with anything else.
import { SpoorError } from '@spoor/base';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PACKET_HEADER_BYTES } from './layout.ts';
import { RingReader } from './reader.ts';
import { memoryStore } from './ring-store.ts';
import { plainRing } from './testing/plain-ring.ts';

const geometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };

function usedRing(mode: 'discard' | 'overwrite'): ArrayBuffer {
  const { memory, producer } = plainRing(mode, geometry);
  for (let value = 0; value < 1000; value += 1) {
    producer.clock[0] = BigInt(value);
    const at = producer.begin(1, 8);
    if (at >= 0) producer.commit(at + 8);
  }
  return memory;
}

const pristine = { discard: usedRing('discard'), overwrite: usedRing('overwrite') };

test('a damaged ring gives packets or typed errors', () => {
  // Damage where it matters: the control page and the heads of the packets.
  const place = fc.oneof(
    fc.integer({ min: 0, max: 4095 }),
    fc.integer({ min: 0, max: 300 }),
    fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: PACKET_HEADER_BYTES - 1 }))
      .map(([slot, at]) => 4096 + slot * 4096 + at),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('discard' as const, 'overwrite' as const),
      fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 }),
      fc.option(fc.integer({ min: 0, max: 20_480 })),
      (mode, damages, cutBytes) => {
        const memory = pristine[mode].slice(0, cutBytes ?? undefined);
        const bytes = new Uint8Array(memory);
        for (const [at, value] of damages) if (at < bytes.length) bytes[at] = value;
        const attempt = (work: () => void): void => {
          try {
            work();
          } catch (error) {
            expect(error).toBeInstanceOf(SpoorError);
          }
        };
        attempt(() => {
          const reader = new RingReader(memoryStore(memory), 'damaged');
          for (const sequence of reader.poll().finished) {
            attempt(() => {
              const packet = reader.read(sequence);
              // The damage may be that of the size.
              const { subBufferSizeBytes } = reader.header;
              expect(packet?.bytes.byteLength ?? 0).toBeLessThanOrEqual(subBufferSizeBytes);
            });
          }
          attempt(() => reader.snapshot(() => {}));
          attempt(() => void reader.recover());
        });
      },
    ),
    { numRuns: 2000 },
  );
});
