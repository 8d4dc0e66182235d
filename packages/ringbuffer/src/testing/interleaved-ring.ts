/**
 * A ring that is written to by the producer's built code with a stop after each statement, so that a reader, or a kill, comes
 * between any two of its stores; and all that it stored, kept in order.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { PACKET, PACKET_HEADER_BYTES, ringSizeBytes, type RingMode } from '../layout.ts';
import type { ProducerOptions, RingProducer } from '../producer.ts';
import type { RingPacket } from '../reader-progress.ts';
import { plainOptions } from './plain-ring.ts';

/** What a test has happen around the producer's statements. */
interface Surroundings {
  /** Called after each statement of the producer. */
  afterStatement: () => void;
  /** Events that the next producer lost before its first. */
  lostBefore: number;
}

/** Of all producers of this process. */
export const around: Surroundings = { afterStatement: () => undefined, lostBefore: 0 };

type ProducerClass = new (memory: ArrayBuffer, options: ProducerOptions) => RingProducer;

/** The producer as it was built, with a stop after each statement that may store. */
async function steppedProducer(): Promise<{ producer: ProducerClass; stops: number }> {
  const dist = join(import.meta.dirname, '..', '..', 'dist');
  let stops = 0;
  const text = readFileSync(join(dist, 'producer.js'), 'utf8')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replace(/\.\/[\w-]+\.js(?=')/g, (file) => pathToFileURL(join(dist, file)).href)
    .replace('@spoor/base', pathToFileURL(join(dist, '..', '..', 'base', 'dist', 'index.js')).href)
    .replace('#lost = 0;', '#lost = globalThis.spoorTestRing.lostBefore();')
    .replace('#lostInPackets = 0;', '#lostInPackets = globalThis.spoorTestRing.lostBefore();')
    .replaceAll(
      /^( {8,})(?!return|throw|break|continue|const |let )(.*;)$/gm,
      (_, indent: string, statement: string) => {
        stops += 1;
        return `${indent}{ ${statement} globalThis.spoorTestRing.stop(); }`;
      },
    );
  Object.assign(globalThis, {
    spoorTestRing: { stop: () => around.afterStatement(), lostBefore: () => around.lostBefore },
  });
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-interleaving-'));
  try {
    const path = join(scratch, 'producer.mjs');
    writeFileSync(path, text);
    const module = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as {
      readonly RingProducer: ProducerClass;
    };
    return { producer: module.RingProducer, stops };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const { producer: SteppedProducer, stops } = await steppedProducer();

/** How many stops the producer has. */
export const stopCount: number = stops;

const subBufferSizeBytes = 4096;

/** What is emitted. */
export interface Emission {
  readonly payloadBytes: number;
  /** How much the clock moves before it; less than 0 where it goes back. */
  readonly clockStep: number;
  readonly flushes: boolean;
}

/** An event as it was emitted, and as it is found. */
export interface EmittedEvent {
  readonly value: number;
  readonly timeNs: number;
}

/** Has numbers stored byte by byte with a stop after each, as V8 does it through a DataView in code that it has not optimised. */
function storeByBytes(view: DataView): void {
  view.setUint32 = (at, value, isLittle) => {
    for (let byte = 0; byte < 4; byte += 1) {
      view.setUint8(at + byte, value >>> (8 * (isLittle === true ? byte : 3 - byte)));
      around.afterStatement();
    }
  };
}

/** A ring that is written to while its memory is watched. */
export class WatchedRing {
  readonly memory: ArrayBuffer;
  readonly producer: RingProducer;
  /** What was committed, in order. */
  readonly committed: EmittedEvent[] = [];
  #nowNs = 2 ** 33;
  #emitted = 0;

  constructor(mode: RingMode, subBufferCount: number, committedBefore: number) {
    const geometry = { subBufferSizeBytes, subBufferCount };
    this.memory = new ArrayBuffer(ringSizeBytes(geometry));
    this.producer = new SteppedProducer(this.memory, {
      ...plainOptions,
      ...geometry,
      mode,
      uuid: new Uint8Array(16).fill(7),
      readClock: () => BigInt(this.#nowNs),
    });
    this.producer.committed[0] = committedBefore;
    storeByBytes(this.producer.view);
  }

  get lost(): number {
    return this.#emitted - this.committed.length;
  }

  /** Emits the next event: its length, its number, and its number again in all bytes that are left. */
  emit({ payloadBytes, clockStep, flushes }: Emission): void {
    const { producer } = this;
    if (flushes) producer.flush();
    this.#nowNs = Math.max(1, this.#nowNs + clockStep);
    const value = this.#emitted++;
    producer.clock[0] = BigInt(this.#nowNs);
    around.afterStatement();
    const at = producer.begin(1, payloadBytes);
    if (at < 0) return;
    producer.view.setUint32(at, payloadBytes, true);
    around.afterStatement();
    producer.bytes.fill(value & 0xff, at + 8, at + payloadBytes);
    around.afterStatement();
    producer.view.setUint32(at + 4, value, true);
    // Before the commit: a kill may come between its store and the return.
    this.committed.push({ value, timeNs: this.#nowNs });
    this.willCommit();
    producer.commit(at + payloadBytes);
  }

  willCommit: () => void = () => undefined;
}

/** The events of a packet; none is torn. */
export function eventsOf({ bytes }: RingPacket): EmittedEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  expect(view.getUint32(PACKET.contentSizeBits, true)).toBe(bytes.byteLength * 8);
  expect(view.getUint32(PACKET.packetSizeBits, true)).toBe(bytes.byteLength * 8);
  const begin = view.getBigUint64(PACKET.timestampBegin, true);
  expect(view.getBigUint64(PACKET.timestampEnd, true)).toBeGreaterThanOrEqual(begin);
  let timeNs = Number(begin);
  const events: EmittedEvent[] = [];
  for (let at = PACKET_HEADER_BYTES; at < bytes.byteLength;) {
    const word = view.getUint32(at, true);
    if ((word & 31) === 31) {
      expect(view.getUint32(at + 1, true)).toBe(1);
      timeNs = view.getUint32(at + 5, true) + view.getUint32(at + 9, true) * 2 ** 32;
      at += 13;
    } else {
      expect(word & 31).toBe(1);
      const low = word >>> 5;
      const before = timeNs % 2 ** 27;
      timeNs += low - before + (low < before ? 2 ** 27 : 0);
      at += 4;
    }
    const payloadBytes = view.getUint32(at, true);
    const value = view.getUint32(at + 4, true);
    for (let fill = at + 8; fill < at + payloadBytes; fill += 1) {
      if (bytes[fill] !== (value & 0xff)) throw new Error(`event ${value} is torn`);
    }
    events.push({ value, timeNs });
    at += payloadBytes;
  }
  return events;
}

/** All stores of a producer in order, to be seen again one by one. */
export class Journal {
  readonly #watched: Uint32Array;
  readonly #last: Uint32Array;
  readonly #stores: { readonly at: number; readonly word: number }[] = [];
  /** For each statement, how many stores there were up to its end. */
  readonly steps: number[] = [];

  constructor(memory: ArrayBuffer) {
    this.#watched = new Uint32Array(memory);
    this.#last = this.#watched.slice();
  }

  note(): void {
    for (let at = 0; at < this.#watched.length; at += 1) {
      const word = this.#watched[at]!;
      if (word === this.#last[at]) continue;
      this.#stores.push({ at, word });
      this.#last[at] = word;
    }
    this.steps.push(this.#stores.length);
  }

  /** The stores of steps `from` to `to` made in `memory`. */
  replay(memory: Uint32Array, from: number, to: number): void {
    const end = to === 0 ? 0 : this.steps[to - 1]!;
    for (let index = from === 0 ? 0 : this.steps[from - 1]!; index < end; index += 1) {
      const { at, word } = this.#stores[index]!;
      memory[at] = word;
    }
  }
}
