/** A consumer that is killed between two steps of writing a packet, for tests of whoever comes after it. */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RingReader, fileStore } from '@spoor/ringbuffer';
import { describePacket } from '../packet-description.ts';
import { StreamWriter } from '../stream-writer.ts';

/** Where it dies. */
export const deaths = [
  'before',
  'half a packet',
  'no entry',
  'half an entry',
  'before the note',
  'before the release',
] as const;

/** Does what a consumer does with the oldest finished packet, up to the moment of its death. */
export function dieWriting(death: (typeof deaths)[number], ringPath: string, streamPath: string): void {
  const fd = openSync(ringPath, 'r+');
  try {
    dieAt(death, new RingReader(fileStore(fd), ringPath), streamPath);
  } finally {
    closeSync(fd);
  }
}

function dieAt(death: (typeof deaths)[number], reader: RingReader, streamPath: string): void {
  const state = reader.poll();
  const sequence = state.finished[0];
  if (sequence === undefined || death === 'before') return;
  const { bytes, eventCount } = reader.read(sequence)!;
  if (death === 'half a packet' || death === 'no entry') {
    if (!existsSync(streamPath)) return;
    appendFileSync(streamPath, death === 'no entry' ? bytes : bytes.subarray(0, bytes.length / 2));
    return;
  }
  const writer = new StreamWriter(streamPath);
  if (writer.lastEntry?.packetSequenceNumber === BigInt(sequence)) return;
  writer.append(bytes, describePacket(bytes, 0));
  const indexPath = join(streamPath, '..', 'index', 'ch0_0.idx');
  if (death === 'half an entry') {
    const index = readFileSync(indexPath);
    writeFileSync(indexPath, index.subarray(0, index.length - 30));
  }
  if (death === 'before the release') reader.note(sequence, state.recordedEvents + eventCount);
  writer.close();
}
