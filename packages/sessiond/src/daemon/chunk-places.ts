/** Where the rings and the trace chunks of a session lie, named as LTTng names them. */
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import type { Output, Session } from '@spoor/control';
import { localTimestamp } from '../output-directory.ts';
import type { SessionRun } from './describe-session.ts';

/** `YYYYmmddTHHMMSS+ZZZZ` in local time, as LTTng names archives. */
function chunkTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const zone = -date.getTimezoneOffset();
  const zoneText = `${zone < 0 ? '-' : '+'}${two(Math.abs(zone) / 60)}${two(Math.abs(zone) % 60)}`;
  return `${localTimestamp(date).replace('-', 'T')}${zoneText}`;
}

/** Directory of the rings, when it is not in the hub. */
export function ringPlace({ shmPath, name, createdMs }: Session): string | undefined {
  return shmPath === undefined ? undefined : join(shmPath, `${name}-${localTimestamp(new Date(createdMs))}`);
}

/** Where a chunk lies while it is recorded, once the session was rotated. */
export function openChunkPath(output: string, beganMs: number, chunkId: number): string {
  return join(output, `${chunkTime(beganMs)}-${chunkId}`);
}

/** Where the current chunk lies. */
export function chunkPath(output: string, { chunkId }: Session, run: SessionRun): string {
  return run.hasRotated ? openChunkPath(output, run.chunkBeganMs, chunkId) : output;
}

/** Where the current chunk goes when it ends. */
export function archivePath(
  output: string,
  { chunkId }: Session,
  { chunkBeganMs }: SessionRun,
  endMs: number,
): string {
  return join(output, 'archives', `${chunkTime(chunkBeganMs)}-${chunkTime(endMs)}-${chunkId}`);
}

/** @throws SpoorError `control/no-network-output`. */
export function localPath(output: Output): string {
  if (output.kind === 'local') return output.path;
  throw new SpoorError('control/no-network-output', 'traces cannot be sent over the network yet', {
    where: output.host,
  });
}
