/** Snapshots of a session, one after the other: where each goes, and what becomes of those that cannot be written. */
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { type Methods, type Output, type Session, type SnapshotRecord, toWireError } from '@spoor/control';
import { localTimestamp } from '../output-directory.ts';
import { localPath } from './chunk-places.ts';

/** What is asked beside what the session's snapshot outputs say. */
export interface AskedSnapshot {
  /** In place of all of them. */
  readonly output?: Output;
  readonly name?: string;
  readonly maxSizeBytes?: number;
}

/** How a snapshot is taken. */
export interface SnapshotTaker {
  /** Of the next one. */
  readonly number: () => number;
  /** Writes one; null is no limit. */
  readonly write: (
    path: string,
    maxSizeBytes: number | null,
  ) => Promise<Pick<SnapshotRecord, 'eventCount' | 'sizeBytes'>>;
}

function outputsOf(
  { mode, hasStarted, snapshotOutputs, name }: Session,
  asked: AskedSnapshot,
): readonly { readonly output: Output; readonly name: string; readonly maxSizeBytes?: number | undefined }[] {
  if (mode !== 'snapshot' && mode !== 'no-output') {
    throw new SpoorError('control/not-a-snapshot-session', `session ${name} writes its events all along`, {
      hint: 'create it with --snapshot to take snapshots',
    });
  }
  if (!hasStarted) throw new SpoorError('control/not-started', `session ${name} was never started`);
  const outputs =
    asked.output === undefined
      ? snapshotOutputs
      : [{ output: asked.output, name: asked.name ?? 'snapshot', maxSizeBytes: asked.maxSizeBytes }];
  if (outputs.length === 0) {
    throw new SpoorError('control/no-snapshot-output', `session ${name} has no snapshot output`, {
      hint: 'name a directory, or give it one by spoor snapshot add-output',
    });
  }
  return outputs;
}

/**
 * Takes a snapshot for each output of a session, or for the one that is given.
 * @returns those that were written, and why others were not.
 * @throws SpoorError `control/not-a-snapshot-session`, `control/not-started`, `control/no-snapshot-output`; what `taker` throws,
 * where nothing could be written.
 */
export async function takeSnapshots(
  session: Session,
  asked: AskedSnapshot,
  taker: SnapshotTaker,
): Promise<Methods['record-snapshot']['result']> {
  const outputs = outputsOf(session, asked);
  const snapshots: SnapshotRecord[] = [];
  const failures: SpoorError[] = [];
  for (const { output, name, maxSizeBytes } of outputs) {
    const began = performance.now();
    const folder = `${asked.name ?? name}-${localTimestamp(new Date())}-${taker.number()}`;
    const path = join(localPath(output), folder);
    const limit = asked.maxSizeBytes ?? maxSizeBytes ?? null;
    try {
      const written = await taker.write(path, limit);
      snapshots.push({ path, ...written, tookMs: performance.now() - began });
    } catch (error) {
      // The other outputs get theirs.
      if (!(error instanceof SpoorError) || outputs.length === 1) throw error;
      const { code, message, where, hint, cause } = error;
      const told = `snapshot output ${name}: ${message}`;
      failures.push(new SpoorError(code, told, { where: where ?? path, hint, cause }));
    }
  }
  if (failures.length === 0) return { snapshots };
  if (snapshots.length === 0) throw failures[0]!;
  return { snapshots, failures: failures.map(toWireError) };
}
