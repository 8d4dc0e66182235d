/** The consumer of a session daemon: takes the rings of all its sessions, and outlives it. */
import { SpoorError, describeError } from '@spoor/base';
import { toWireError } from '@spoor/control';
import type { LinePeer } from '../line-server.ts';
import { withCauses } from '../loss-causes.ts';
import { PathMark } from '../path-mark.ts';
import { ownIdentity } from '../process-identity.ts';
import { SessionDirectory } from '../run-directory.ts';
import { FlightRecorder } from './flight-recorder.ts';
import {
  HOST_VERSION,
  type HostMethod,
  type HostMethods,
  type HostRequest,
  type Keeping,
  type WorkerTotals,
} from './host-protocol.ts';
import { KernelWorker } from './kernel-worker.ts';
import type { SessionWorker } from './session-worker.ts';
import { StreamWorker } from './stream-worker.ts';

interface Hosted {
  /** Its directory. */
  readonly mark: PathMark;
  readonly worker: SessionWorker;
  readonly kernel: KernelWorker;
  dueMs: number;
}

async function totalsOf({ worker, kernel }: Hosted): Promise<WorkerTotals> {
  const own = worker.totals();
  if (!kernel.isAtWork) return own;
  const { eventCount, discardedCount, causes, overwrittenCount } = await kernel.totals();
  return {
    eventCount: own.eventCount + eventCount,
    discardedCount: own.discardedCount + discardedCount,
    ...withCauses([own.causes, causes]),
    overwrittenCount: own.overwrittenCount + overwrittenCount,
    processCount: own.processCount,
    counters: own.counters,
  };
}

/** After an error of a session that nothing helps against, it is left alone for so long. */
const RETRY_MS = 1000;

type Handlers = {
  readonly [Name in HostMethod]: (
    params: HostMethods[Name]['params'],
  ) => HostMethods[Name]['result'] | Promise<HostMethods[Name]['result']>;
};

/** Works for any number of sessions. */
export class ConsumerHost {
  readonly #sessions = new Map<string, Hosted>();
  readonly #peers = new Set<LinePeer>();
  /** Sessions whose kernel's part is being ended after their directory. */
  #endingCount = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Whether it has nothing to do. */
  get isIdle(): boolean {
    return this.#sessions.size === 0 && this.#endingCount === 0;
  }

  /** Whether no daemon is connected. */
  get isAlone(): boolean {
    return this.#peers.size === 0;
  }

  receive(peer: LinePeer, line: string): void {
    // Only daemons of this user reach the socket, and of this version only those that said so.
    const { id, method, params } = JSON.parse(line) as HostRequest;
    this.#peers.add(peer);
    void this.#answer(method, params).then(
      (result) => peer.send({ id, result }),
      (error: unknown) => peer.send({ id, error: toWireError(error) }),
    );
  }

  closed(peer: LinePeer): void {
    this.#peers.delete(peer);
  }

  /**
   * Ends the sessions whose directories somebody has removed: their daemon is gone with the directories, or can make new ones only.
   * To be called while no daemon is connected: one that is has the say.
   */
  async endRemoved(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((session) => this.#endIfRemoved(session)));
  }

  async #endIfRemoved(session: string): Promise<void> {
    const hosted = this.#sessions.get(session);
    const state = hosted?.mark.state ?? 'same';
    if (hosted === undefined || state === 'same') return;
    this.#sessions.delete(session);
    this.#endingCount += 1;
    try {
      try {
        hosted.worker.abandon();
      } catch (error) {
        this.#note(session, 'error', describeError(error));
      }
      // In a directory that was made anew another consumer may be at work, with the kernel's instances of the same names.
      if (state === 'removed' || !this.isAlone) await hosted.kernel.abandon();
      else hosted.kernel.close();
    } finally {
      this.#endingCount -= 1;
    }
  }

  /** Leaves all sessions as they are. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { worker, kernel } of this.#sessions.values()) {
      worker.close();
      kernel.close();
    }
    this.#sessions.clear();
  }

  /**
   * Takes a session over, or what its description has changed to; its rings are looked at from now on.
   * @returns how many rings hold events from before that only their threads can hand over.
   */
  attach(session: string, keeping: Keeping): number {
    const worker = this.#sessions.get(session)?.worker ?? this.#begin(session, keeping);
    return worker.configure(new SessionDirectory(session).readDescription());
  }

  #begin(session: string, keeping: Keeping): SessionWorker {
    const mark = new PathMark(session);
    const directory = new SessionDirectory(session);
    directory.writeConsumer(ownIdentity());
    const onNote = (severity: 'info' | 'error', text: string): void => this.#note(session, severity, text);
    const onDue = (): void => {
      const hosted = this.#sessions.get(session);
      if (hosted === undefined) return;
      hosted.dueMs = 0;
      this.#schedule();
    };
    const worker =
      keeping === 'memory'
        ? new FlightRecorder(directory, onNote)
        : new StreamWorker(directory, onNote, onDue);
    const { writer, outputDir } = directory.readDescription();
    const kernel = new KernelWorker(session, outputDir, worker.outputDir, writer, onNote);
    this.#sessions.set(session, { mark, worker, kernel, dueMs: 0 });
    this.#schedule();
    return worker;
  }

  async #answer<Name extends HostMethod>(
    method: Name,
    params: HostMethods[Name]['params'],
  ): Promise<HostMethods[Name]['result']> {
    const handler = this.#handlers[method] as Handlers[Name] | undefined;
    if (handler === undefined) throw new SpoorError('control/malformed-request', `no method ${method}`);
    return handler(params);
  }

  readonly #handlers: Handlers = {
    hello: ({ version }) => {
      if (version === HOST_VERSION) return ownIdentity();
      throw new SpoorError('control/version', `the consumer speaks version ${HOST_VERSION}, not ${version}`);
    },
    attach: async ({ session, keeping }) => {
      // A daemon that finds a session's directory removed makes it anew: what is known of the one before is of no use there.
      await this.#endIfRemoved(session);
      const uncutCount = this.attach(session, keeping);
      const kernelFailure = await this.#hosted(session).kernel.apply();
      return kernelFailure === undefined ? { uncutCount } : { uncutCount, kernelFailure };
    },
    cut: ({ session }) => ({ uncutCount: this.#hosted(session).worker.cut() }),
    'regenerate-metadata': ({ session }) => {
      this.#hosted(session).worker.regenerateMetadata();
      return {};
    },
    drain: async ({ session }) => {
      const hosted = this.#hosted(session);
      hosted.worker.drain();
      await hosted.kernel.flush();
      return totalsOf(hosted);
    },
    'change-chunk': async ({ session, ...change }) => {
      const { worker, kernel } = this.#hosted(session);
      if (worker.outputDir === undefined) {
        worker.changeChunk(change);
        await kernel.clear();
        return {};
      }
      const step = (): string => {
        worker.changeChunk(change);
        return worker.outputDir!;
      };
      // What is removed may be what there was no room for.
      await kernel.aroundStep(step, change.archive === null ? undefined : change.next);
      return {};
    },
    snapshot: ({ session, path, maxSizeBytes }) => {
      const { worker, kernel } = this.#hosted(session);
      return worker.snapshot(path, maxSizeBytes, (directory) => kernel.snapshot(directory, maxSizeBytes));
    },
    usage: async ({ session }) => {
      const hosted = this.#hosted(session);
      const { worker, kernel } = hosted;
      const { chunkBytes, writtenBytes } = worker;
      const ofKernel = await kernel.totals();
      // First: it finds the programs that have joined.
      const channels = [...worker.usage(), ...(await kernel.usage())];
      return {
        totals: await totalsOf(hosted),
        channels,
        endedDiscarded: worker.lostOfEnded(),
        chunkBytes: chunkBytes + ofKernel.chunkBytes,
        writtenBytes: writtenBytes + ofKernel.writtenBytes,
      };
    },
    finish: async ({ session }) => {
      const hosted = this.#hosted(session);
      const isThere = hosted.mark.state === 'same';
      const isComplete = isThere && hosted.worker.finish();
      if (!isThere) hosted.worker.abandon();
      const isKernelComplete = await hosted.kernel.finish();
      const totals = await totalsOf(hosted);
      this.#sessions.delete(session);
      return { ...totals, isComplete: isComplete && isKernelComplete };
    },
  };

  #hosted(session: string): Hosted {
    const hosted = this.#sessions.get(session);
    if (hosted !== undefined) return hosted;
    throw new SpoorError('control/not-attached', 'the consumer does not work for this session', {
      where: session,
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#sessions.size === 0) return;
    let dueMs = Infinity;
    for (const hosted of this.#sessions.values()) dueMs = Math.min(dueMs, hosted.dueMs);
    const waitMs = Math.max(0, dueMs - performance.now());
    this.#timer = setTimeout(() => this.#poll(), waitMs);
  }

  #poll(): void {
    for (const [session, hosted] of this.#sessions) {
      const nowMs = performance.now();
      if (hosted.dueMs > nowMs) continue;
      try {
        // What another daemon has put there is its consumer's business.
        if (hosted.mark.state !== 'same')
          throw new SpoorError('session/removed', 'its directory was removed', { where: session });
        hosted.dueMs = nowMs + hosted.worker.poll(nowMs);
      } catch (error) {
        this.#note(session, 'error', describeError(error));
        hosted.dueMs = nowMs + RETRY_MS;
      }
    }
    this.#schedule();
  }

  #note(session: string, severity: 'info' | 'error', text: string): void {
    for (const peer of this.#peers) peer.send({ notification: { session, severity, text } });
  }
}
