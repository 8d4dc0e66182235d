import { describe, expect, test } from 'vitest';
import {
  CONTROL_BYTES,
  PACKET,
  PACKET_HEADER_BYTES,
  ringSizeBytes,
  type RingGeometry,
  type RingMode,
} from './layout.ts';
import { RingProducer } from './producer.ts';
import { RingReader } from './reader.ts';
import { memoryStore } from './ring-store.ts';

const geometry: RingGeometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };

function makeRing(
  mode: RingMode,
  sizes: RingGeometry = geometry,
): { producer: RingProducer; reader: RingReader; memory: ArrayBuffer } {
  const memory = new ArrayBuffer(ringSizeBytes(sizes));
  const producer = new RingProducer(memory, {
    ...sizes,
    mode,
    pid: 100,
    tid: 101,
    ringNumber: 0,
    processStartTicks: 7n,
    threadStartTicks: 8n,
    uuid: new Uint8Array(16).fill(0xab),
    tier: 'mapped',
    streamClassId: 0,
    channelName: 'ch0',
    cpuId: () => 3,
  });
  return { producer, memory, reader: new RingReader(memoryStore(memory), 'test') };
}

/** Emits one event with a payload of one u32; false when it was lost. */
function emit(producer: RingProducer, value: number, payloadBytes = 4): boolean {
  producer.clock[0] = BigInt(value) * 1000n + 1n;
  const at = producer.begin(1, payloadBytes);
  if (at < 0) return false;
  producer.view.setUint32(at, value, true);
  producer.commit(at + payloadBytes);
  return true;
}

function contextWord(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

describe('a ring', () => {
  test('hands finished packets over in order and takes slots back', () => {
    const { producer, reader } = makeRing('discard');
    expect(emit(producer, 1)).toBe(true);
    expect(reader.poll().finished).toEqual([]);
    producer.flush();
    expect(emit(producer, 2)).toBe(true);
    producer.close();
    const state = reader.poll();
    expect(state).toMatchObject({ closed: true, finished: [0, 1], open: undefined, committedEvents: 2 });
    const first = reader.read(0)!;
    expect(first.bytes.byteLength).toBe(PACKET_HEADER_BYTES + 8);
    expect(contextWord(first.bytes, PACKET.packetSizeBits)).toBe(first.bytes.byteLength * 8);
    expect(contextWord(first.bytes, PACKET.cpuId)).toBe(3);
    expect(contextWord(first.bytes, PACKET.vtid)).toBe(101);
    expect(first.eventCount).toBe(1);
    reader.note(0, 1);
    reader.release(0);
    expect(reader.poll()).toMatchObject({ finished: [1], recordedEvents: 1, recordedPackets: 1 });
    expect(reader.read(1)?.eventCount).toBe(1);
  });

  test('recovers what a dead producer left in its open sub-buffer', () => {
    const { producer, reader } = makeRing('discard');
    for (let value = 0; value < 10; value += 1) emit(producer, value);
    const packet = reader.recover()!;
    expect(packet.sequence).toBe(0);
    expect(packet.bytes.byteLength).toBe(PACKET_HEADER_BYTES + 10 * 8);
    expect(contextWord(packet.bytes, PACKET.timestampEnd)).toBe(9001);
  });

  test('tells of losses after the last packet', () => {
    const { producer, reader } = makeRing('discard', { subBufferSizeBytes: 4096, subBufferCount: 2 });
    let lost = 0;
    for (let value = 0; value < 2000; value += 1) if (!emit(producer, value)) lost += 1;
    expect(lost).toBeGreaterThan(0);
    const packet = reader.recover()!;
    expect(packet.sequence).toBe(2);
    expect(packet.bytes.byteLength).toBe(PACKET_HEADER_BYTES);
    expect(contextWord(packet.bytes, PACKET.eventsDiscarded)).toBe(lost);
  });

  test('tells until when events were lost, though no lost event has a time', () => {
    const { producer, reader } = makeRing('discard', { subBufferSizeBytes: 4096, subBufferCount: 2 });
    const toldEndNs = (): bigint => {
      const { bytes } = reader.recover()!;
      return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(PACKET.timestampEnd, true);
    };
    for (let value = 0; emit(producer, value);) value += 1;
    const firstNs = producer.clock[0]!;
    expect(toldEndNs()).toBe(firstNs);
    const beforeNs = process.hrtime.bigint();
    for (let count = 0; count < 256; count += 1) expect(producer.losesEvent()).toBe(true);
    // As of a thread that is killed now.
    expect(toldEndNs()).toBeGreaterThanOrEqual(beforeNs);
    const closedNs = process.hrtime.bigint();
    producer.close();
    expect(toldEndNs()).toBeGreaterThanOrEqual(closedNs);
  });

  test('drops and counts an event larger than a sub-buffer, and keeps the open packet', () => {
    const { producer, reader } = makeRing('discard');
    emit(producer, 1);
    expect(emit(producer, 2, 5000)).toBe(false);
    emit(producer, 3);
    producer.close();
    expect(reader.poll()).toMatchObject({
      lostEvents: 1,
      lostTooLarge: 1,
      finished: [0],
      committedEvents: 2,
    });
    expect(contextWord(reader.read(0)!.bytes, PACKET.eventsDiscarded)).toBe(1);
  });

  test('a snapshot tells of no loss that came after the events which it has', () => {
    const { producer, memory } = makeRing('overwrite');
    for (let value = 0; value < 3; value += 1) emit(producer, value);
    const still = memoryStore(memory);
    let isLosing = true;
    const reader = new RingReader(
      {
        write: still.write,
        read(into, position) {
          // Between the look at the counts and the copy of the packet.
          if (isLosing && position === CONTROL_BYTES) emit(producer, 9, 5000);
          return still.read(into, position);
        },
      },
      'test',
    );
    const told = (): number[] => {
      const words: number[] = [];
      reader.snapshot(({ bytes, eventCount }) => {
        words.push(eventCount, contextWord(bytes, PACKET.eventsDiscarded));
        words.push(contextWord(bytes, PACKET.timestampEnd));
      });
      return words;
    };
    expect(told()).toEqual([3, 0, 2001]);
    isLosing = false;
    expect(told()).toEqual([3, 1, 9001]);
  });

  describe('a snapshot of a producer that writes the ring anew meanwhile', () => {
    /** Values of the events that a snapshot has, where `overtake` comes between each listing of packets and their copies. */
    function snapshotWhile(overtake: (listing: number, emitPackets: (count: number) => void) => void): {
      values: number[];
      sequences: number[];
      newest: number;
    } {
      const { producer, memory } = makeRing('overwrite');
      let value = 0;
      const emitPackets = (count: number): void => {
        for (let packet = 0; packet < count; packet += 1) {
          emit(producer, value++);
          producer.flush();
        }
        emit(producer, value++);
      };
      emitPackets(6);
      const still = memoryStore(memory);
      let listings = 0;
      const reader = new RingReader(
        {
          write: still.write,
          read(into, position) {
            const got = still.read(into, position);
            // The first read of the control page is that of the constructor.
            if (into.byteLength === CONTROL_BYTES && listings++ > 0) overtake(listings - 1, emitPackets);
            return got;
          },
        },
        'test',
      );
      const values: number[] = [];
      const sequences: number[] = [];
      reader.snapshot(({ bytes, sequence, eventCount }) => {
        sequences.push(sequence);
        for (let event = 0; event < eventCount; event += 1) {
          values.push(contextWord(bytes, PACKET_HEADER_BYTES + 8 * event + 4));
        }
      });
      return { values, sequences, newest: value - 1 };
    }

    test.each([1, 2, 20])('has the newest packets after being overtaken %i times', (times) => {
      const { values, newest } = snapshotWhile((listing, emitPackets) => {
        if (listing <= times) emitPackets(9);
      });
      expect(values.at(-1)).toBe(newest);
      // The ring's four sub-buffers, of which late attempts take the newer ones.
      expect(values.length).toBeGreaterThanOrEqual(times < 20 ? 4 : 3);
      expect(values).toEqual(values.map((_, index) => newest - values.length + 1 + index));
    });

    test('has every packet once where only the oldest were overwritten', () => {
      const { sequences, values, newest } = snapshotWhile((listing, emitPackets) => {
        if (listing === 1) emitPackets(2);
      });
      expect(values.at(-1)).toBe(newest);
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    });

    test('ends where it is overtaken each time, with no packet that is torn', () => {
      let mostListings = 0;
      const { values } = snapshotWhile((listing, emitPackets) => {
        mostListings = listing;
        emitPackets(9);
      });
      expect(values).toEqual([]);
      expect(mostListings).toBeGreaterThan(10);
      expect(mostListings).toBeLessThan(1000);
    });
  });

  test.each<RingMode>(['discard', 'overwrite'])(
    'goes on for more laps than a release byte counts: %s',
    (mode) => {
      const { producer, reader } = makeRing(mode, { subBufferSizeBytes: 4096, subBufferCount: 2 });
      for (let value = 0; value < 1100; value += 1) {
        expect(emit(producer, value)).toBe(true);
        producer.flush();
        const { finished } = reader.poll();
        if (mode === 'discard') {
          expect(finished).toEqual([value]);
          reader.release(value);
        } else {
          expect(finished).toEqual(value === 0 ? [0] : [value - 1, value]);
        }
        expect(contextWord(reader.read(value)!.bytes, PACKET_HEADER_BYTES + 4)).toBe(value);
      }
    },
  );

  test('records and loses nothing once the reader has stopped it', () => {
    const { producer, reader } = makeRing('discard');
    emit(producer, 1);
    reader.stop();
    // What fits the open sub-buffer still goes there.
    expect(emit(producer, 2)).toBe(true);
    producer.flush();
    for (let value = 3; value < 10; value += 1) expect(emit(producer, value)).toBe(false);
    producer.close();
    expect(reader.poll()).toMatchObject({ finished: [0], committedEvents: 2, lostEvents: 0, closed: true });
  });
});
