/** A trace of what the rings of one process hold at this moment, while its threads go on emitting. */
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync } from '@spoor/sys';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { RingReader } from './reader.ts';
import { fileStore } from './ring-store.ts';
import { EVENTS_FOLDER, RINGS_FOLDER, readProcess } from './run-directory.ts';

/** What was written. */
export interface SnapshotTotals {
  /** Directory of the trace. */
  readonly path: string;
  readonly eventCount: number;
}

/**
 * Writes the packets of all rings of a process's directory, open ones included, as a trace in `path`, which must not
 * hold one. Takes nothing out of the rings. Throws what the file system throws.
 */
export function snapshotProcess(processPath: string, path: string): SnapshotTotals {
  mkdirSync(path, { recursive: true });
  let eventCount = 0;
  const rings = join(processPath, RINGS_FOLDER);
  for (const name of readdirSync(rings)) {
    const number = /^(\d+)\.ring$/.exec(name)?.[1];
    if (number === undefined) continue;
    const packets: Uint8Array[] = [];
    const fd = openSync(join(rings, name), constants.O_RDONLY);
    try {
      const reader = new RingReader(fileStore(fd), name);
      reader.snapshot((packet) => {
        packets.push(packet.bytes.slice());
        eventCount += packet.eventCount;
      });
      if (packets.length > 0) {
        const stream = join(path, `${reader.header.channelName}_${number}`);
        writeFileSync(stream, Buffer.concat(packets), { flag: 'wx' });
      }
    } catch (error) {
      // A ring that was finished, or is being made: it has nothing to show.
      if (!String((error as { code?: unknown }).code).startsWith('ring/')) throw error;
    } finally {
      closeSync(fd);
    }
  }
  // Last: now every class of the packets is declared.
  const events = join(processPath, EVENTS_FOLDER);
  const blocks = readdirSync(events)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => readFileSync(join(events, name), 'utf8'));
  writeFileSync(join(path, 'metadata'), [readProcess(processPath).header, ...blocks].join('\n'), {
    flag: 'wx',
  });
  return { path, eventCount };
}
