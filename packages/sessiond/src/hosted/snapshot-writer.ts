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
 * @param limitBytes most bytes of a ring's packets: the newest that fit.
 * @param onDamage is told of a ring that holds no sound packets; it is in the trace up to there.
 * @throws SpoorError `record/output`.
 */
export async function writeProcessSnapshot(
  { path: processPath, user, writer }: SnapshotSource,
  description: ProcessDescription,
  rings: readonly SnapshotRing[],
  path: string,
  limitBytes: number | undefined,
  onDamage: (text: string) => void,
): Promise<{ readonly eventCount: number; readonly sizeBytes: number }> {
  const { procname, pid, startedMs, header } = description;
  const name = `${pathComponent(procname)}-${pid}-${localTimestamp(new Date(startedMs))}`;
  const traceDir = join(path, 'ust', 'pid', name);
  try {
    asUser(writer, () => ensureDirectory(traceDir));
  } catch (cause) {
    throw outputError(traceDir, cause);
  }
  let eventCount = 0;
  let sizeBytes = 0;
  for (const ring of rings) {
    const written = asUser(writer, () => writeRing(ring, traceDir, limitBytes, onDamage));
    eventCount += written.eventCount;
    sizeBytes += written.sizeBytes;
    // Other sessions are waiting for their rings to be emptied.
    await nextTurn();
  }
  // Last: now every class of the packets is declared.
  const events = join(processPath, EVENTS_FOLDER);
  using metadata = new MetadataWriter(join(traceDir, 'metadata'), header, events, { user, writer });
  metadata.update();
  return { eventCount, sizeBytes };
}

function writeRing(
  { number, reader }: SnapshotRing,
  traceDir: string,
  limitBytes: number | undefined,
  onDamage: (text: string) => void,
): { readonly eventCount: number; readonly sizeBytes: number } {
  // What was cleared, or taken by another reader, is noted in the ring.
  const done = reader.progress;
  const path = join(traceDir, `${pathComponent(reader.header.channelName)}_${number}`);
  let writer: StreamWriter | undefined;
  let eventCount = 0;
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
      for (const packet of newestWithin(reader, done, limitBytes)) {
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
  return { eventCount, sizeBytes: writer?.sizeBytes ?? 0 };
}

/** The newest packets that fit into so many bytes, oldest first. */
function newestWithin(reader: RingReader, done: ReaderProgress, limitBytes: number): RingPacket[] {
  const kept: RingPacket[] = [];
  let keptBytes = 0;
  reader.snapshot((whole) => {
    const packet = restOfPacket(whole, done);
    if (packet === undefined) return;
    kept.push({ ...packet, bytes: packet.bytes.slice() });
    keptBytes += packet.bytes.length;
    while (keptBytes > limitBytes && kept.length > 0) keptBytes -= kept.shift()!.bytes.length;
  });
  return kept;
}
