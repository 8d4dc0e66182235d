/** One session of a daemon: its model, and what is done when that changes. */
import { join } from 'node:path';
import { ensureDirectory } from '@spoor/ctf/node';
import { SpoorError, describeError } from '@spoor/base';
import {
  type DestroyResult,
  type Methods,
  type Notification,
  type RotateResult,
  type Session,
  type SessionUsage,
  type StopResult,
} from '@spoor/control';
import { measureClockOffsetNs } from '@spoor/ringbuffer';
import type { HostMethods } from '../hosted/host-protocol.ts';
import { moveChunk } from '../hosted/trace-chunk.ts';
import { type FileUser, asUser } from '@spoor/sys';
import { outputError } from '../output-error.ts';
import { archivePath, chunkPath, openChunkPath, ringPlace } from './chunk-places.ts';
import type { ConsumerLink } from './consumer-link.ts';
import { type SessionRun, describeSession } from './describe-session.ts';
import { describeKernel, hasKernel } from './describe-kernel.ts';
import type { Hub } from './hub.ts';
import { checkKernel } from './kernel-access.ts';
import { awaitPrograms } from './program-answers.ts';
import { RotationTimer } from './rotation-timer.ts';
import type { SessionStore } from './session-store.ts';
import { lossesOf, removedText, usageOf } from './session-usage.ts';
import { type AskedSnapshot, takeSnapshots } from './take-snapshots.ts';

/** How long programs may take to hand over what they recorded. Who takes longer does so later. */
const PATIENCE_MS = 5000;
/** Lines of trouble that are kept of a session. */
const MOST_TROUBLES = 20;

/** What a session needs of its daemon. */
export interface SessionSurroundings {
  readonly hub: Hub;
  readonly store: SessionStore;
  readonly consumer: Pick<ConsumerLink, 'attach' | 'call' | 'forget' | 'prepare'>;
  readonly publish: (notification: Notification) => void;
}

/** Of a session of which nothing is left. */
const noTotals: HostMethods['finish']['result'] = {
  eventCount: 0,
  discardedCount: 0,
  overwrittenCount: 0,
  processCount: 0,
  counters: {},
  isComplete: false,
};

export class ManagedSession {
  readonly #around: SessionSurroundings;
  #model: Session;
  #run: SessionRun;
  /** What is under way; the next thing begins after it. */
  #queue: Promise<unknown> = Promise.resolve();
  #troubles: string[] = [];
  readonly #rotationTimer = new RotationTimer({
    chunkBytes: async () => {
      const session = this.#around.hub.sessionPath(this.#model.id);
      return (await this.#around.consumer.call('usage', { session })).chunkBytes;
    },
    // Somebody may have rotated it meanwhile.
    isCurrent: (chunkId) => this.#model.isActive && this.#model.chunkId === chunkId,
    rotate: () => this.rotate(),
    onError: (error) => this.addTrouble(describeError(error)),
    onDone: () => this.reschedule(),
  });
  /** Whether the kernel was ever recorded. */
  #hadKernel = false;

  /**
   * @param owner whose session it is, if not the daemon's user's.
   * @param run of a session that an earlier daemon left.
   */
  constructor(around: SessionSurroundings, session: Session, owner?: FileUser, run?: SessionRun) {
    this.#around = around;
    this.#model = session;
    this.#run = run ?? {
      revision: 0,
      clockOffsetNs: String(measureClockOffsetNs()),
      stateDumps: 0,
      chunkBeganMs: session.createdMs,
      hasRotated: false,
      ...(owner === undefined ? {} : { owner }),
    };
  }

  /** The user whose session it is. */
  get ownerUid(): number {
    return this.#model.ownerUid;
  }

  get model(): Session {
    return this.#model;
  }

  /** Notes a line of the consumer. */
  addTrouble(text: string): void {
    this.#troubles = [...this.#troubles.filter((other) => other !== text), text].slice(-MOST_TROUBLES);
  }

  /** The number of the next snapshot output: none that is or was of the session has it. */
  get nextOutputId(): number {
    return Math.max(this.#run.lastOutputId ?? 0, ...this.#model.snapshotOutputs.map(({ id }) => id)) + 1;
  }

  /** Notes a session that is new. */
  save(): void {
    this.#around.store.write({ session: this.#model, run: this.#run });
  }

  /** Goes on with a session that an earlier daemon left. */
  async resume(): Promise<void> {
    if (!this.#model.hasStarted) return;
    await this.#inTurn(async () => {
      const { hub } = this.#around;
      if (!hub.has(this.#model.id)) hub.create(this.#model.id, ringPlace(this.#model));
      this.#describe();
      await this.#attach();
      hub.touch();
    });
    this.reschedule();
  }

  /** Changes the model; programs learn of it. */
  change<Result>(
    edit: (session: Session) => { readonly session: Session; readonly result: Result },
  ): Promise<Result> {
    return this.#inTurn(async () => {
      const { session, result } = edit(this.#model);
      if (session === this.#model) return result;
      if (session.snapshotOutputs !== this.#model.snapshotOutputs) {
        const ids = session.snapshotOutputs.map(({ id }) => id);
        this.#run = { ...this.#run, lastOutputId: Math.max(this.nextOutputId - 1, ...ids) };
      }
      // Once it records, whoever does finds out.
      if (!session.hasStarted)
        await checkKernel(session, this.#run, this.#around.hub.sessionPath(session.id));
      await this.#become(session);
      this.#tell('changed');
      return result;
    });
  }

  /**
   * Starts recording.
   * @throws SpoorError `control/already-started`, `control/no-channel`.
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#model.isActive) {
        throw new SpoorError('control/already-started', `session ${this.#model.name} is recording already`);
      }
      if (this.#model.channels.length === 0) {
        throw new SpoorError('control/no-channel', `session ${this.#model.name} has no channel`, {
          hint: 'spoor enable-event -u NAME makes one, with -k one of the kernel',
        });
      }
      const { hub } = this.#around;
      const isFirst = !this.#model.hasStarted;
      if (isFirst) {
        this.#makeOutput();
        hub.create(this.#model.id, ringPlace(this.#model));
        this.#run = { ...this.#run, chunkBeganMs: Date.now() };
      }
      try {
        await this.#become({ ...this.#model, isActive: true, hasStarted: true });
      } catch (error) {
        if (isFirst) {
          await this.#leaveConsumer();
          hub.remove(this.#model.id, ringPlace(this.#model));
        }
        throw error;
      }
      this.reschedule();
      this.#tell('started');
    });
  }

  /** The consumer, which may work for the session already, is to have nothing of a start that was refused. */
  async #leaveConsumer(): Promise<void> {
    const { hub, consumer } = this.#around;
    const session = hub.sessionPath(this.#model.id);
    consumer.forget(session);
    await consumer.call('finish', { session }).catch(() => undefined);
  }

  /**
   * Stops recording; waits until what was recorded is written, unless told otherwise.
   * @throws SpoorError `control/already-stopped`, `record/output`.
   */
  stop(isAwaited: boolean): Promise<StopResult> {
    return this.#inTurn(async () => {
      if (!this.#model.isActive) {
        throw new SpoorError('control/already-stopped', `session ${this.#model.name} is stopped already`);
      }
      return this.#stop(isAwaited);
    });
  }

  /** Ends the session: all that was recorded is written, as far as there is room, and its memory is free. */
  destroy(isAwaited: boolean): Promise<DestroyResult> {
    return this.#inTurn(async () => {
      this.#rotationTimer.stop();
      const { hub, store, consumer } = this.#around;
      const { id, hasStarted, output } = this.#model;
      let losses = lossesOf(undefined);
      let counters: StopResult['counters'] = {};
      const warnings: string[] = [];
      let path = output?.kind === 'local' ? output.path : undefined;
      if (hasStarted) {
        const { chunkId } = this.#model;
        const next = this.#run.hasRotated ? path : undefined;
        if (next !== undefined) this.#tellRotation(chunkId);
        const session = hub.sessionPath(id);
        const isThere = hub.has(id);
        if (!isThere) warnings.push(removedText(session));
        else if (this.#model.isActive) warnings.push(...(await this.#stopForGood(isAwaited)));
        const { isComplete, ...totals } = await consumer
          .call('finish', { session })
          .catch((error: unknown) => {
            // A consumer that was replaced since has nothing to find there.
            if (isThere) throw error;
            return noTotals;
          });
        consumer.forget(session);
        hub.touch();
        losses = lossesOf(totals);
        ({ counters } = totals);
        if (isThere && !isComplete)
          warnings.push(`not all could be written: ${this.#troubles.at(-1) ?? 'the disk refused'}`);
        if (next !== undefined) {
          const archive = archivePath(next, this.#model, this.#run, Date.now());
          const from = chunkPath(next, this.#model, this.#run);
          try {
            asUser(this.#run.owner, () => moveChunk({ from, archive, next }));
            path = archive;
            // Hooks get every chunk: without this one what they collect would lack the end of the session.
            this.#tellRotation(chunkId, archive);
          } catch (cause) {
            path = from;
            warnings.push(`the last chunk stays in ${from}: ${describeError(outputError(archive, cause))}`);
          }
        }
        hub.remove(id, ringPlace(this.#model));
      }
      store.remove(id);
      this.#tell('destroyed');
      return { losses, counters, warnings, ...(path === undefined || !hasStarted ? {} : { path }) };
    });
  }

  /**
   * Archives the current trace chunk.
   * @throws SpoorError `control/not-rotatable`, `record/output`.
   */
  rotate(): Promise<RotateResult> {
    return this.#inTurn(async () => {
      const { output, hasStarted, chunkId } = this.#model;
      if (output?.kind !== 'local' || !hasStarted) {
        throw new SpoorError('control/not-rotatable', `session ${this.#model.name} has no trace chunk`, {
          hint: hasStarted ? 'only sessions that write all along have any' : 'start it first',
        });
      }
      this.#tellRotation(chunkId);
      await this.#handOver();
      const nowMs = Date.now();
      const archive = archivePath(output.path, this.#model, this.#run, nowMs);
      const next = openChunkPath(output.path, nowMs, chunkId + 1);
      const session = this.#around.hub.sessionPath(this.#model.id);
      const from = chunkPath(output.path, this.#model, this.#run);
      await this.#around.consumer.call('change-chunk', { session, from, archive, next });
      this.#model = { ...this.#model, chunkId: chunkId + 1 };
      this.#run = { ...this.#run, chunkBeganMs: nowMs, hasRotated: true };
      this.save();
      this.#tellRotation(chunkId, archive);
      return { chunkId, state: 'archived', path: archive };
    });
  }

  /** Forgets what was recorded of the current chunk. */
  clear(): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      if (!this.#model.hasStarted) return [];
      const warnings = await this.#handOver();
      const { output, id, chunkId } = this.#model;
      const nowMs = Date.now();
      const isLocal = output?.kind === 'local';
      const from = isLocal ? chunkPath(output.path, this.#model, this.#run) : '';
      // The cleared chunk keeps its number, as with LTTng.
      const next = isLocal && this.#run.hasRotated ? openChunkPath(output.path, nowMs, chunkId + 1) : from;
      const session = this.#around.hub.sessionPath(id);
      await this.#around.consumer.call('change-chunk', { session, from, archive: null, next });
      if (isLocal) {
        this.#model = { ...this.#model, chunkId: chunkId + 1 };
        this.#run = { ...this.#run, chunkBeganMs: nowMs };
        this.save();
      }
      return warnings;
    });
  }

  /**
   * Writes what is in memory, to each snapshot output or to the one that is given.
   * @throws SpoorError `control/not-a-snapshot-session`, `control/no-snapshot-output`, `record/output`.
   */
  snapshot(asked: AskedSnapshot): Promise<Methods['record-snapshot']['result']> {
    return this.#inTurn(() =>
      takeSnapshots(this.#model, asked, {
        number: () => this.#model.snapshotCount,
        write: async (path, maxSizeBytes) => {
          const session = this.#around.hub.sessionPath(this.#model.id);
          const written = await this.#around.consumer.call('snapshot', { session, path, maxSizeBytes });
          this.#model = { ...this.#model, snapshotCount: this.#model.snapshotCount + 1 };
          this.save();
          return written;
        },
      }),
    );
  }

  /** Has programs tell their state anew. */
  dumpState(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#model.isActive) {
        throw new SpoorError('control/not-started', `session ${this.#model.name} is not recording`);
      }
      this.#run = { ...this.#run, stateDumps: this.#run.stateDumps + 1 };
      await this.#become(this.#model);
    });
  }

  /**
   * Measures the clock's offset anew, and has the metadata of the current chunk say it.
   * @throws SpoorError `control/not-started`, `record/output`.
   */
  regenerateMetadata(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#model.hasStarted) {
        throw new SpoorError('control/not-started', `session ${this.#model.name} was never started`);
      }
      this.#run = { ...this.#run, clockOffsetNs: String(measureClockOffsetNs()) };
      await this.#become(this.#model);
      const session = this.#around.hub.sessionPath(this.#model.id);
      await this.#around.consumer.call('regenerate-metadata', { session });
    });
  }

  /** What the session does now. */
  usage(): Promise<SessionUsage> {
    const { hub, consumer } = this.#around;
    return usageOf(this.#model, hub.sessionPath(this.#model.id), consumer, () => this.#troubles);
  }

  /** Leaves the session to the next daemon. */
  close(): void {
    this.#rotationTimer.stop();
  }

  async #stop(isAwaited: boolean): Promise<StopResult> {
    this.#rotationTimer.stop();
    const warnings = await this.#become({ ...this.#model, isActive: false }, isAwaited ? PATIENCE_MS : 0);
    const session = this.#around.hub.sessionPath(this.#model.id);
    const totals = await this.#around.consumer.call('drain', { session });
    this.#tell('stopped');
    const { counters } = totals;
    return { losses: lossesOf(totals), counters, warnings: isAwaited ? warnings : [] };
  }

  /** Stops what is to end: a disk that refuses keeps no session from that, or nobody could free its memory. */
  async #stopForGood(isAwaited: boolean): Promise<readonly string[]> {
    try {
      return (await this.#stop(isAwaited)).warnings;
    } catch (error) {
      if (error instanceof SpoorError && error.code === 'record/output') return [];
      throw error;
    }
  }

  /** Has the consumer write out what was recorded before this moment; where it cannot, the programs hand it over. */
  async #handOver(): Promise<readonly string[]> {
    const { hub, consumer } = this.#around;
    const { uncutCount } = await consumer.call('cut', { session: hub.sessionPath(this.#model.id) });
    return uncutCount === 0 ? [] : this.#become(this.#model, PATIENCE_MS, true);
  }

  /**
   * Makes a changed model the session's.
   * @param patienceMs how long to wait until programs have handed over what they recorded before, as far as the consumer
   * could not take it itself.
   * @param isUncut whether that is known already.
   */
  async #become(session: Session, patienceMs = 0, isUncut = false): Promise<readonly string[]> {
    const { hub } = this.#around;
    const earlier = { session: this.#model, run: this.#run };
    let uncutCount = 0;
    this.#model = session;
    const { revision, handOvers = 0 } = this.#run;
    this.#run = { ...this.#run, revision: revision + 1, ...(isUncut ? { handOvers: handOvers + 1 } : {}) };
    try {
      this.save();
      if (!session.hasStarted) return [];
      this.#describe();
      uncutCount = await this.#attach();
      hub.touch();
    } catch (error) {
      this.#model = earlier.session;
      // A program may have read what is refused: what it was before is a change to it, and no number is used for two things.
      const numbers = isUncut
        ? { revision: revision + 2, handOvers: handOvers + 1 }
        : { revision: revision + 2 };
      this.#run = { ...earlier.run, ...numbers };
      this.save();
      if (earlier.session.hasStarted) {
        this.#describe();
        hub.touch();
      }
      throw error;
    }
    if (patienceMs === 0 || (uncutCount === 0 && !isUncut)) return [];
    const waiting = await awaitPrograms(hub.sessionPath(session.id), this.#run.revision, patienceMs);
    // Once more: it could not end everything before.
    await this.#attach();
    if (waiting === 0) return [];
    return [
      `${waiting} ${waiting === 1 ? 'thread is' : 'threads are'} too busy to hand over the last events now: they follow`,
    ];
  }

  #describe(): void {
    const { hub } = this.#around;
    hub.describe(this.#model.id, describeSession(this.#model, this.#run));
    this.#hadKernel ||= hasKernel(this.#model);
    if (!this.#hadKernel) return;
    const description = describeKernel(this.#model, this.#run, hub.sessionPath(this.#model.id));
    hub.describeKernel(this.#model.id, { description, hidden: [process.pid] });
  }

  #attach(): Promise<number> {
    const { mode, id } = this.#model;
    const isInMemory = mode === 'snapshot' || mode === 'no-output';
    return this.#around.consumer.attach(this.#around.hub.sessionPath(id), isInMemory ? 'memory' : 'stream');
  }

  /**
   * Makes the directory that the trace goes to, so that a session that could write nothing does not start.
   * @throws SpoorError `record/output`.
   */
  #makeOutput(): void {
    const { output, channels } = this.#model;
    if (output?.kind !== 'local') return;
    try {
      asUser(this.#run.owner, () => {
        for (const { domain } of channels) {
          ensureDirectory(join(output.path, domain === 'user' ? 'ust' : 'kernel'));
        }
      });
    } catch (cause) {
      throw outputError(output.path, cause);
    }
  }

  /** Takes the session's schedule of rotations over. */
  reschedule(): void {
    this.#rotationTimer.schedule(this.#model, this.#run.chunkBeganMs);
  }

  /** @param path of the archived chunk, when there is one. */
  #tellRotation(chunkId: number, path?: string): void {
    this.#around.publish({
      topic: 'rotation',
      session: this.#model.name,
      chunkId,
      ...(path === undefined ? { state: 'started' } : { state: 'archived', path }),
    });
  }

  #tell(change: 'started' | 'stopped' | 'changed' | 'destroyed'): void {
    this.#around.publish({ topic: 'session', session: this.#model.name, change });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
