/** The sessions of a daemon: whose they are, who may see them, and how new ones are made. */
import { isAbsolute, join } from 'node:path';
import { SpoorError, closestName } from '@spoor/base';
import {
  type CreateSession,
  type Environment,
  type Output,
  type Session,
  checkName,
  homeDirectory,
} from '@spoor/control';
import type { FileUser } from '@spoor/sys';
import { localTimestamp } from '../output-directory.ts';
import { localPath } from './chunk-places.ts';
import { ManagedSession, type SessionSurroundings } from './managed-session.ts';
import { daemonUid, maySee, ownerOf, requireOwnRights } from './ownership.ts';
import type { StoredSession } from './session-store.ts';
import { homeOfUser } from './user-accounts.ts';

/** More sessions than this are refused: each has files, and is looked at again and again. */
const MOST_SESSIONS = 10_000;

export class ManagedSessions {
  readonly #surroundings: SessionSurroundings;
  readonly #environment: Environment;
  readonly #sessions = new Map<string, ManagedSession>();
  /** Whose sessions were that are over: what triggers do about them may come later. */
  readonly #formerOwners = new Map<string, number>();

  constructor(surroundings: SessionSurroundings, environment: Environment) {
    this.#surroundings = surroundings;
    this.#environment = environment;
  }

  [Symbol.iterator](): Iterator<ManagedSession> {
    return this.#sessions.values();
  }

  /** Whosever it is. */
  get(name: string): ManagedSession | undefined {
    return this.#sessions.get(name);
  }

  /** The sessions that a user may know of. */
  visible(caller: FileUser): readonly ManagedSession[] {
    return [...this.#sessions.values()].filter(({ ownerUid }) => maySee(caller, ownerUid));
  }

  /** Whether a user may use what is of a session of this name; true where there is none. */
  mayUse(caller: FileUser, name: string): boolean {
    const owner = this.#sessions.get(name)?.ownerUid ?? this.#formerOwners.get(name);
    return owner === undefined || maySee(caller, owner);
  }

  /** Of a session that is over. */
  forget({ model: { name }, ownerUid }: ManagedSession): void {
    this.#sessions.delete(name);
    this.#formerOwners.delete(name);
    this.#formerOwners.set(name, ownerUid);
    if (this.#formerOwners.size <= MOST_SESSIONS) return;
    const [oldest] = this.#formerOwners.keys();
    this.#formerOwners.delete(oldest!);
  }

  /** @throws SpoorError `control/no-session`, also where it is another user's. */
  find(name: string, caller: FileUser): ManagedSession {
    const found = this.#sessions.get(name);
    if (found !== undefined && maySee(caller, found.ownerUid)) return found;
    const near = closestName(
      name,
      this.visible(caller).map(({ model }) => model.name),
    );
    throw new SpoorError('control/no-session', `there is no session named ${name}`, {
      hint: near === undefined ? 'spoor list shows the sessions' : `did you mean ${near}`,
    });
  }

  /** Takes over what an earlier daemon had. */
  takeOver({ session, run }: StoredSession): void {
    this.#sessions.set(session.name, new ManagedSession(this.#surroundings, session, undefined, run));
  }

  /** @throws SpoorError `control/…`: what was asked for cannot be. */
  create(asked: CreateSession, caller: FileUser): ManagedSession {
    const owner = ownerOf(caller);
    const now = new Date();
    const name = asked.name ?? `auto-${localTimestamp(now)}`;
    checkName('session', name);
    if (this.#sessions.has(name)) {
      throw existsAlready(name, `choose another name, or end that one: spoor destroy ${name}`);
    }
    if (this.#sessions.size >= MOST_SESSIONS) {
      throw new SpoorError('control/too-many-sessions', `there are ${MOST_SESSIONS} sessions already`);
    }
    const { mode, output, shmPath, automaticEvents = true, hasNoSnapshotOutput = false } = asked;
    if (mode === 'network' || mode === 'live') localPath(output?.kind === 'network' ? output : noNetwork);
    if (shmPath !== undefined && !isAbsolute(shmPath)) {
      throw new SpoorError('control/invalid-path', 'the directory of the rings is not absolute', {
        where: shmPath,
      });
    }
    if (shmPath !== undefined) requireOwnRights(owner, 'rings in a directory of its choice');
    const place: Output = output ?? {
      kind: 'local',
      path: this.#defaultPath(name, now, asked.name === undefined, owner),
    };
    localPath(place);
    const hasSnapshotOutput = mode === 'snapshot' && !hasNoSnapshotOutput;
    const made: Session = {
      name,
      id: this.#surroundings.store.nextId(),
      ownerUid: owner?.uid ?? daemonUid(),
      mode,
      isActive: false,
      hasStarted: false,
      createdMs: now.getTime(),
      ...(mode === 'local' ? { output: place } : {}),
      ...(shmPath === undefined ? {} : { shmPath }),
      automaticEvents,
      channels: [],
      snapshotOutputs: hasSnapshotOutput ? [{ id: 1, name: 'snapshot-1', output: place }] : [],
      snapshotCount: 0,
      rotation: {},
      chunkId: 0,
      trackers: { user: [], kernel: [] },
    };
    return this.add(made, owner);
  }

  /** Takes in one that begins, and keeps it for the next daemon. */
  add(model: Session, owner: FileUser | undefined): ManagedSession {
    const managed = new ManagedSession(this.#surroundings, model, owner);
    managed.save();
    this.#sessions.set(model.name, managed);
    this.#surroundings.consumer.prepare();
    const change = 'created';
    this.#surroundings.publish({ topic: 'session', session: model.name, change });
    return managed;
  }

  #defaultPath(name: string, date: Date, isDated: boolean, owner: FileUser | undefined): string {
    const folder = isDated ? name : `${name}-${localTimestamp(date)}`;
    const home = owner === undefined ? homeDirectory(this.#environment) : homeOfUser(owner.uid);
    return join(home, 'lttng-traces', folder);
  }
}

const noNetwork: Output = {
  kind: 'network',
  protocol: 'net',
  host: '127.0.0.1',
  controlPort: 5342,
  dataPort: 5343,
};

/** Names are of one session each. */
export function existsAlready(name: string, hint: string): SpoorError {
  return new SpoorError('control/session-exists', `there is a session named ${name} already`, { hint });
}
