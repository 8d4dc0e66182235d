/** Programs that were started by root and have become another user: what they begin then cannot reach their rings' folder. */
import { readFileSync } from 'node:fs';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;

/** User that a process acts as; undefined when it cannot be seen. */
function effectiveUid(pid: number): number | undefined {
  try {
    const uids = /^Uid:\s*\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return uids === null ? undefined : Number(uids[1]);
  } catch {
    return undefined;
  }
}

/**
 * Sees one program become another user. Services do so soon after their start, so it is looked for ever more seldom, up to
 * once a minute: each look takes tens of microseconds.
 */
export class UserChange {
  readonly #ownerUid: number;
  #pauseMs = FIRST_PAUSE_MS;
  #dueMs = 0;

  /** @param ownerUid whose its files are. */
  constructor(ownerUid: number) {
    this.#ownerUid = ownerUid;
  }

  /** What there is to say of the program `pid`, which runs; once. */
  look(pid: number, nowMs: number): string | undefined {
    // Nobody else may become another user, or his programs are of his own all the same.
    if (this.#ownerUid !== 0 || nowMs < this.#dueMs) return undefined;
    this.#dueMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    const uid = effectiveUid(pid);
    if (uid === undefined || uid === this.#ownerUid) return undefined;
    this.#dueMs = Infinity;
    return (
      `process ${pid} was started by root and has become user ${uid}: threads that it starts since, and events that come for the ` +
      'first time, are neither recorded nor counted (start it as that user, as User= of systemd or setpriv do)'
    );
  }
}
