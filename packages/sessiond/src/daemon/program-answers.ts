/** Whether programs have taken a change of a session over. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { STATUS_FOLDER, type ThreadStatus } from '@spoor/ringbuffer';
import { asUser } from '@spoor/sys';
import { isProcessAlive } from '../process-identity.ts';
import { userOf } from '../other-users.ts';
import { MOST_BYTES, readProgramFile } from '../program-file.ts';
import { SessionDirectory, parseProcessDirectory } from '../run-directory.ts';

const LOOK_MS = 5;

/**
 * Waits until every thread of a session's programs has handed over what it recorded before a change.
 * @returns how many threads have not within the time: they are busy, or asleep, and do so later.
 */
export async function awaitPrograms(
  sessionPath: string,
  revision: number,
  patienceMs: number,
): Promise<number> {
  const began = performance.now();
  for (;;) {
    const waiting = countWaiting(sessionPath, revision);
    if (waiting === 0 || performance.now() - began > patienceMs) return waiting;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function countWaiting(sessionPath: string, revision: number): number {
  let waiting = 0;
  for (const name of new SessionDirectory(sessionPath).processDirectories()) {
    const identity = parseProcessDirectory(name);
    // Of another PID namespace, or gone: its rings are taken as they are.
    if (!isProcessAlive(identity)) continue;
    const folder = join(sessionPath, name, STATUS_FOLDER);
    for (const status of asUser(userOf(sessionPath, name), () => [...statuses(folder)])) {
      const isTold = status.state === 'off' || (status.revision ?? 0) >= revision;
      if (!isTold && existsSync(`/proc/${identity.pid}/task/${status.tid}`)) waiting += 1;
    }
  }
  return waiting;
}

/** What threads say of how tracing fares. */
export function* statuses(folder: string): Generator<ThreadStatus> {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    if (!name.endsWith('.json')) continue;
    const path = join(folder, name);
    try {
      yield JSON.parse(readProgramFile(path, MOST_BYTES.status).toString('utf8')) as ThreadStatus;
    } catch {
      // Half written: the next look finds it whole.
    }
  }
}
