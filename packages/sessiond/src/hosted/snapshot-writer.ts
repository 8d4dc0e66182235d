/** A trace of what the rings of a process hold at this moment, while its threads go on. */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ensureDirectory } from '@spoor/ctf/node';
import { SpoorError, describeError } from '@spoor/base';
import {
  EVENTS_FOLDER,
  type ProcessDescription,
  type ReaderProgress,
  type RingPacket,
  type RingReader,
  restOfPacket,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { MetadataWriter } from '../metadata-writer.ts';
import { localTimestamp, pathComponent } from '../output-directory.ts';
import { outputError } from '../output-error.ts';
import { describePacket } from '../packet-description.ts';
import { StreamWriter } from '../stream-writer.ts';

/** A ring of the process. */
export interface SnapshotRing {
  readonly number: number;
  readonly reader: RingReader;
  /** Most bytes of its packets: the newest that fit; undefined for all. */
  readonly limitBytes: number | undefined;
}

/** What of rings is in a snapshot. */
export interface SnapshotShare {
  readonly eventCount: number;
  readonly sizeBytes: number;
  /** Rings of which nothing is in it since even their newest packet is larger than what they were allowed. */
  readonly tooLargeCount: number;
  /** The smallest of those packets. */
  readonly smallestBytes: number;
}

/** The process. */
export interface SnapshotSource {
  /** Its directory. */
  readonly path: string;
  /** Whose it is, and with whose rights the trace is written, where not of this process's user. */
  readonly user: FileUser | undefined;
  readonly writer: FileUser | undefined;
}

/**
 * Writes the trace of one process below `path`.
 * @param onDamage is told of a ring that holds no sound packets; it is in the trace up to there.
 * @throws SpoorError `record/output`.
 */
export async function writeProcessSnapshot(
  { path: processPath, user, writer }: SnapshotSource,
  description: ProcessDescription,
  rings: readonly SnapshotRing[],
  path: string,
  onDamage: (text: string) => void,
): Promise<SnapshotShare> {
  const { procname, pid, startedMs, header } = description;
  const name = `${pathComponent(procname)}-${pid}-${localTimestamp(new Date(startedMs))}`;
  const traceDir = join(path, 'ust', 'pid', name);
  try {
    asUser(writer, () => ensureDirectory(traceDir));
  } catch (cause) {
    throw outputError(traceDir, cause);
  }
  const shares: SnapshotShare[] = [];
  for (const ring of rings) {
    shares.push(asUser(writer, () => writeRing(ring, traceDir, onDamage)));
    // Other sessions are waiting for their rings to be emptied.
    await nextTurn();
  }
  // Last: now every class of the packets is declared.
  const events = join(processPath, EVENTS_FOLDER);
  using metadata = new MetadataWriter(join(traceDir, 'metadata'), header, events, { user, writer });
  metadata.update();
  return sumShares(shares);
}

/** What several parts of a snapshot have together. */
export function sumShares(shares: readonly SnapshotShare[]): SnapshotShare {
  const sum = { eventCount: 0, sizeBytes: 0, tooLargeCount: 0, smallestBytes: Infinity };
  for (const share of shares) {
    sum.eventCount += share.eventCount;
    sum.sizeBytes += share.sizeBytes;
    sum.tooLargeCount += share.tooLargeCount;
    sum.smallestBytes = Math.min(sum.smallestBytes, share.smallestBytes);
  }
  return sum;
}

/**
 * Divides what a snapshot may have at most: rings that hold less than an equal share leave the rest to the others.
 * @param heldBytes what each ring holds.
 * @returns what each may have, in the same order.
 */
export function divideLimit(mostBytes: number, heldBytes: readonly number[]): readonly number[] {
  const limits = heldBytes.map(() => 0);
  const order = [...heldBytes.keys()].sort((left, right) => heldBytes[left]! - heldBytes[right]!);
  let leftBytes = mostBytes;
  for (const [place, index] of order.entries()) {
    const shareBytes = Math.floor(leftBytes / (order.length - place));
    limits[index] = Math.min(Math.ceil(heldBytes[index]!), shareBytes);
    leftBytes -= limits[index];
  }
  return limits;
}

function writeRing(
  { number, reader, limitBytes }: SnapshotRing,
  traceDir: string,
  onDamage: (text: string) => void,
): SnapshotShare {
  // What was cleared, or taken by another reader, is noted in the ring.
  const done = reader.progress;
  const path = join(traceDir, `${pathComponent(reader.header.channelName)}_${number}`);
  let writer: StreamWriter | undefined;
  let eventCount = 0;
  let tooLargeBytes = Infinity;
  const append = (bytes: Uint8Array): void => {
    writer ??= new StreamWriter(path);
    writer.append(bytes, describePacket(bytes, number));
  };
  try {
    if (limitBytes === undefined) {
      reader.snapshot((whole) => {
        const packet = restOfPacket(whole, done);
        if (packet === undefined) return;
        append(packet.bytes);
        eventCount += packet.eventCount;
      });
    } else {
      const { kept, newestBytes } = newestWithin(reader, done, limitBytes);
      if (kept.length === 0 && newestBytes > 0) tooLargeBytes = newestBytes;
      for (const packet of kept) {
        append(packet.bytes);
        eventCount += packet.eventCount;
      }
    }
  } catch (error) {
    if (!(error instanceof SpoorError) || !error.code.startsWith('ring/')) throw error;
    onDamage(`a thread's events are not all in a snapshot: ${describeError(error)}`);
  } finally {
    writer?.close();
  }
  return {
    eventCount,
    sizeBytes: writer?.sizeBytes ?? 0,
    tooLargeCount: tooLargeBytes === Infinity ? 0 : 1,
    smallestBytes: tooLargeBytes,
  };
}

/** The newest packets that fit into so many bytes, oldest first; how large the newest is, 0 if there is none. */
function newestWithin(
  reader: RingReader,
  done: ReaderProgress,
  limitBytes: number,
): { readonly kept: readonly RingPacket[]; readonly newestBytes: number } {
  const kept: RingPacket[] = [];
  let keptBytes = 0;
  let newestBytes = 0;
  reader.snapshot((whole) => {
    const packet = restOfPacket(whole, done);
    if (packet === undefined) return;
    kept.push({ ...packet, bytes: packet.bytes.slice() });
    newestBytes = packet.bytes.length;
    keptBytes += newestBytes;
    while (keptBytes > limitBytes && kept.length > 0) keptBytes -= kept.shift()!.bytes.length;
  });
  return { kept, newestBytes };
}
