/** A consumer that is killed between two steps of writing a packet, for tests of whoever comes after it. */
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  PACKET_HEADER_BYTES,
  RingReader,
  fileStore,
  nextStreamNumber,
  numberPacket,
  restOfPacket,
} from '@spoor/ringbuffer';
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
  'cut intended',
  'cut written',
  'cut noted',
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
  if (death === 'cut intended' || death === 'cut written' || death === 'cut noted') {
    dieCutting(death, reader, streamPath);
    return;
  }
  const sequence = state.finished[0];
  if (sequence === undefined || death === 'before') return;
  const whole = reader.read(sequence)!;
  const packet = restOfPacket(whole, reader.progress);
  if (packet === undefined) return;
  const { bytes, eventCount } = packet;
  // A consumer writes no packet where nothing came after the cut, unless it tells of losses.
  const isEmpty = packet !== whole && bytes.length === PACKET_HEADER_BYTES;
  if (isEmpty && describePacket(bytes, 0).eventsDiscarded === lastDiscarded(streamPath)) return;
  const number = sequence + reader.progress.streamShift;
  numberPacket(packet, number);
  if (death === 'half a packet' || death === 'no entry') {
    if (!existsSync(streamPath)) return;
    appendFileSync(streamPath, death === 'no entry' ? bytes : bytes.subarray(0, bytes.length / 2));
    return;
  }
  const writer = new StreamWriter(streamPath);
  if ((writer.lastEntry?.packetSequenceNumber ?? -1n) >= BigInt(number)) return;
  writer.append(bytes, describePacket(bytes, 0));
  const indexPath = join(streamPath, '..', 'index', 'ch0_0.idx');
  if (death === 'half an entry') {
    const index = readFileSync(indexPath);
    writeFileSync(indexPath, index.subarray(0, index.length - 30));
  }
  if (death === 'before the release') {
    reader.noteProgress({
      ...reader.progress,
      recordedPackets: sequence + 1,
      recordedEvents: state.recordedEvents + eventCount,
      cutBytes: 0,
    });
  }
  writer.close();
}

/** How many lost events the last packet of a stream tells of. */
function lastDiscarded(streamPath: string): bigint | undefined {
  const writer = new StreamWriter(streamPath);
  writer.close();
  return writer.lastEntry?.eventsDiscarded;
}

/** Does what a consumer does to cut the open packet, when all before it is written. */
function dieCutting(
  death: 'cut intended' | 'cut written' | 'cut noted',
  reader: RingReader,
  streamPath: string,
): void {
  const { open, finished } = reader.poll();
  const before = reader.progress;
  if (open === undefined || finished.length > 0) return;
  const found = reader.readCut(open);
  if (typeof found === 'string') return;
  const packet = restOfPacket(found, before);
  if (packet === undefined || packet.bytes.length <= PACKET_HEADER_BYTES) return;
  const sizeBytes = packet.bytes.length;
  const progress = {
    ...before,
    recordedPackets: open,
    recordedEvents: before.recordedEvents + packet.eventCount,
    cutBytes: packet === found ? sizeBytes : before.cutBytes + sizeBytes - PACKET_HEADER_BYTES,
    cutTimeNs: found.timeNs,
    cutEvents: found.committedEvents,
    streamShift: nextStreamNumber(before) + 1 - open,
  };
  reader.intendProgress(progress);
  if (death === 'cut intended') return;
  numberPacket(packet, nextStreamNumber(before));
  const writer = new StreamWriter(streamPath);
  writer.append(packet.bytes, describePacket(packet.bytes, 0));
  writer.close();
  if (death === 'cut noted') reader.noteProgress(progress);
}
