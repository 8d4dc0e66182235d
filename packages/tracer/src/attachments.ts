// The sessions that a thread is attached to: which of those that lie in its roots are for it, as they come, change and go.
import { isTrustedHub, readSession, type SessionDescription, sessionPaths } from '@spoor/ringbuffer';
import { statSync } from '@spoor/sys';
import { join } from 'node:path';
import type { AttachedSession } from './attached-session.ts';
import { isTracked, mayChange, ownProcess } from './process-trackers.ts';
import { isPassing } from './retry-pace.ts';

/** What a session's description was read from, to tell a changed one by. */
interface Attachment {
  readonly session: AttachedSession;
  readonly stamp: string;
}

/** What a thread does as sessions come, change and go. */
export interface AttachmentListener {
  /** @throws what keeps it from being recorded there. */
  attach(path: string, description: SessionDescription): AttachedSession;
  /** A session that is new is to get what was told to others before. */
  welcome(session: AttachedSession): void;
  /** A session wants what was told to it once more. */
  tellAgain(): void;
  /** Serialisers that were made write into rings that are not to be used any more. */
  forgetMade(): void;
  /** What could not be done may be done later. */
  expectRetry(): void;
}

/** Identity and age of a file; empty when there is none. Files that change are replaced, not written into. */
function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? '' : `${found.ino}:${found.mtimeNs}`;
}

export class Attachments {
  readonly #roots: readonly string[];
  /** Whether the roots are where daemons have their hubs, if any run. */
  readonly #isFollowing: boolean;
  readonly #listener: AttachmentListener;
  /** By path; those that this thread could not attach to have no session. */
  #attached = new Map<string, Attachment>();
  #sessions: readonly AttachedSession[] = [];
  /** Sessions that are over; their rings are closed when no serialiser is at work. */
  readonly #detached: AttachedSession[] = [];
  /** By path, those that are left out as they are. */
  readonly #broken = new Map<string, string>();
  /** Those of them that could not be attached to, and may be later; the names of files that could not be read. */
  readonly #failed = new Set<string>();
  /** Whether a tracker looks at what may change, and what that was. */
  #mayChange = false;
  #identity: string | undefined;

  constructor(roots: readonly string[], isFollowing: boolean, listener: AttachmentListener) {
    this.#roots = roots;
    this.#isFollowing = isFollowing;
    this.#listener = listener;
  }

  /** Those that record, and those that only list what could be recorded. */
  get sessions(): readonly AttachedSession[] {
    return this.#sessions;
  }

  /** Sessions that are over, whose rings are not closed. */
  get detached(): readonly AttachedSession[] {
    return this.#detached;
  }

  /** The same, which are the caller's from now on. */
  takeDetached(): readonly AttachedSession[] {
    return this.#detached.splice(0);
  }

  /** Whether something could not be done that may be done later. */
  get hasFailed(): boolean {
    return this.#failed.size > 0 || this.#sessions.some(({ mayTryAgain }) => mayTryAgain);
  }

  /** Notes that a file could not be read, and may be later. */
  noteFailure(name: string): void {
    this.#failed.add(name);
  }

  /** Has what failed tried again, by the next {@link update} and by the sessions. */
  tryAgain(): void {
    for (const path of this.#failed) this.#broken.delete(path);
    this.#failed.clear();
    for (const session of this.#sessions) if (session.mayTryAgain) session.tryAgain();
  }

  /** Brings the attachments up to date with what is there; answers whether anything is new. */
  update(): boolean {
    let isChanged = false;
    const found = new Map<string, Attachment>();
    const roots = this.#isFollowing ? this.#roots.filter(isTrustedHub) : this.#roots;
    const paths = roots.flatMap(sessionPaths);
    for (const path of this.#broken.keys()) if (!paths.includes(path)) this.#broken.delete(path);
    for (const path of paths) {
      const stamp = stampOf(join(path, 'session.json'));
      if (stamp === '' || this.#broken.get(path) === stamp) continue;
      const known = this.#attached.get(path);
      if (known?.stamp === stamp) {
        found.set(path, known);
        continue;
      }
      isChanged = true;
      try {
        const description = readSession(path);
        if (!this.#isTracked(description)) {
          this.#broken.set(path, stamp);
          continue;
        }
        if (known?.session.update(description) === 'dump') this.#listener.tellAgain();
        if (known?.session.hasRetired === true) this.#listener.forgetMade();
        const session = known?.session ?? this.#listener.attach(path, description);
        found.set(path, { session, stamp });
        if (known === undefined && description.lists !== true) this.#listener.welcome(session);
      } catch (error) {
        // No session there (any more), or none of ours: a program that outlives its recording runs on untraced.
        this.#broken.set(path, stamp);
        if (!isPassing(error)) continue;
        this.#failed.add(path);
        this.#listener.expectRetry();
      }
    }
    for (const [path, { session }] of this.#attached) {
      if (found.has(path)) continue;
      isChanged = true;
      this.#listener.forgetMade();
      this.#detached.push(session);
    }
    this.#attached = found;
    this.#sessions = [...found.values()].map(({ session }) => session);
    return isChanged;
  }

  #isTracked({ trackers = [] }: SessionDescription): boolean {
    if (trackers.length === 0) return true;
    if (!this.#mayChange && mayChange(trackers)) {
      this.#mayChange = true;
      this.hasMoved();
    }
    return isTracked(trackers, ownProcess());
  }

  /** Whether user or control group have changed: then {@link update} asks the trackers of all sessions again. */
  hasMoved(): boolean {
    if (!this.#mayChange) return false;
    const { uid, gid, cgroups } = ownProcess();
    const identity = [uid, gid, ...cgroups()].join(' ');
    const before = this.#identity;
    this.#identity = identity;
    if (before === identity || before === undefined) return false;
    this.#broken.clear();
    for (const [path, { session }] of this.#attached) this.#attached.set(path, { session, stamp: '' });
    return true;
  }
}
