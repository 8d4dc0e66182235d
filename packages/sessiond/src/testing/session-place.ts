/** Sessions of a test of the consumer, and what is in their streams then. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RingGeometry, type RingMode, makeChannel } from '@spoor/ringbuffer';
import { expect } from 'vitest';
import { decodeIndexEntry, indexEntryBytes, indexHeaderBytes } from '../packet-index.ts';
import { SessionDirectory } from '../run-directory.ts';

/** Of the rings of {@link SessionPlace}. */
export const geometry: RingGeometry = { subBufferSizeBytes: 4096, subBufferCount: 4 };

/** Where a test has its sessions and their traces. */
export class SessionPlace {
  readonly root: string = mkdtempSync(join(tmpdir(), 'spoor-consumer-'));

  /** A session of one channel, whose trace is in a directory of its own. */
  makeSession(mode: RingMode = 'discard'): SessionDirectory {
    const channels = [makeChannel({ mode, ...geometry })];
    const outputDir = this.makeTraceDir();
    return SessionDirectory.create(this.root, { name: 'test', channels, auto: false, outputDir });
  }

  /** An empty directory for a trace. */
  makeTraceDir(): string {
    return mkdtempSync(join(this.root, 'trace-'));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Directory of the only process's trace. */
export function traceDir(session: SessionDirectory): string {
  const base = join(session.readDescription().outputDir, 'ust', 'pid');
  const names = readdirSync(base);
  expect(names).toHaveLength(1);
  return join(base, names[0]!);
}

/** What is in a stream. */
export interface RecordedStream {
  readonly values: readonly number[];
  readonly discarded: number;
  readonly sequences: readonly number[];
}

/** The values of all events of a stream, and what its index says; checks that both agree. */
export function readStream(path: string): RecordedStream {
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

/** Numbers in their order. */
export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);
