import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { indexEntryBytes, indexHeaderBytes } from './packet-index.ts';
import { StreamWriter } from './stream-writer.ts';

let root: string;
let path: string;
let indexPath: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-stream-'));
  path = join(root, 'ch0_0');
  indexPath = join(root, 'index', 'ch0_0.idx');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Appends a packet of 100 bytes, all of them its number. */
function append(writer: StreamWriter, number: number): void {
  writer.append(new Uint8Array(100).fill(number), {
    packetSizeBits: 800n,
    contentSizeBits: 800n,
    timestampBegin: 0n,
    timestampEnd: 0n,
    eventsDiscarded: 0n,
    streamId: 0n,
    streamInstanceId: 0n,
    packetSequenceNumber: BigInt(number),
  });
}

const entriesEnd = (count: number) => indexHeaderBytes + count * indexEntryBytes;

test('a stream is taken up where it ends', () => {
  for (const number of [1, 2, 3]) {
    using writer = new StreamWriter(path);
    expect(writer.packetCount).toBe(number - 1);
    append(writer, number);
    expect(writer.sizeBytes).toBe(100 * number);
    expect(writer.lastEntry?.packetSequenceNumber).toBe(BigInt(number));
  }
  expect(readFileSync(path).filter((_, at) => at % 100 === 99)).toEqual(Buffer.from([1, 2, 3]));
  expect(statSync(indexPath).size).toBe(entriesEnd(3));
});

test('bytes without an entry and half an entry are cut off at once', () => {
  {
    using writer = new StreamWriter(path);
    append(writer, 1);
    append(writer, 2);
  }
  appendFileSync(path, 'a packet that was being written');
  appendFileSync(indexPath, 'half an entry');
  using again = new StreamWriter(path);
  expect(again.packetCount).toBe(2);
  expect(statSync(path).size).toBe(200);
  expect(statSync(indexPath).size).toBe(entriesEnd(2));
});

test('an index that never got its header begins anew', () => {
  new StreamWriter(path).close();
  truncateSync(indexPath, 7);
  writeFileSync(path, 'x');
  using writer = new StreamWriter(path);
  expect(statSync(path).size).toBe(0);
  append(writer, 1);
  expect(statSync(indexPath).size).toBe(entriesEnd(1));
});
