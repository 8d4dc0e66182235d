// How a thread comes to record: it attaches to the session that the environment names, and makes its ring when its
// first event comes. Whatever goes wrong here switches tracing off for the thread and says so in its status file;
// the program never sees an error.
import { describeError } from '@spoor/base';
import {
  EVENTS_FOLDER,
  RINGS_FOLDER,
  SESSION_VARIABLE,
  createThreadRing,
  currentThreadId,
  readSession,
  startTicks,
  type SessionDescription,
  type ThreadRing,
  type ThreadStatus,
} from '@spoor/ringbuffer';
import { canCompile } from '@spoor/ctf/encode';
import { join } from 'node:path';
import { compileCall, compileSerialiser, type Gate } from './compile.ts';
import type { Declaration } from './declaration.ts';
import { EventRegistry } from './event-registry.ts';
import { isLittleEndian, openProcessDirectory, type ProcessDirectory } from './process-directory.ts';
import { makeThreadWriter, type Serialise, type ThreadWriter } from './serialiser.ts';
import { sharedSession, type ThreadSession } from './session-slot.ts';
import { StatusFile } from './status-file.ts';
import { STREAM_CLASS_ID } from './trace-class.ts';
import { makeWalkingSerialiser } from './walk.ts';

/** Attaches this thread to the session that the environment names; undefined when there is none that it can use. */
function attach(): ThreadSession | undefined {
  const path = process.env[SESSION_VARIABLE];
  if (path === undefined || path === '') return undefined;
  try {
    if (!isLittleEndian()) return undefined;
    const ticks = startTicks(process.pid);
    if (ticks === undefined) return undefined;
    const session = readSession(path);
    return new AttachedThread(session, openProcessDirectory(path, session, ticks), ticks);
  } catch {
    // No session there (any more), or none of ours: a program that outlives its recording runs on untraced.
    return undefined;
  }
}

class AttachedThread implements ThreadSession {
  readonly auto: boolean;
  readonly #session: SessionDescription;
  readonly #directory: ProcessDirectory;
  readonly #startTicks: bigint;
  readonly #tid: number;
  readonly #status: StatusFile;
  readonly #registry: EventRegistry;
  #state: ThreadStatus['state'] = 'attached';
  /** What went wrong so far, each once. */
  readonly #reasons = new Set<string>();
  #ring: ThreadRing | undefined;
  #writer: ThreadWriter | undefined;
  #isBusy = false;
  readonly #whenOpened: (() => void)[] = [];
  /** Why events are not recorded although there is a ring; as many as a status file surely has room for. */
  readonly #missing: string[] = [];

  constructor(session: SessionDescription, directory: ProcessDirectory, ticks: bigint) {
    this.auto = session.auto;
    this.#session = session;
    this.#directory = directory;
    this.#startTicks = ticks;
    this.#tid = currentThreadId();
    this.#status = new StatusFile(directory.path, this.#tid);
    this.#writeStatus();
    this.#registry = new EventRegistry(join(directory.path, EVENTS_FOLDER), String(process.hrtime.bigint()));
    process.on('exit', () => {
      this.#close();
    });
  }

  callOf(declaration: Declaration, gate: Gate): Serialise {
    if (canCompile()) return compileCall(declaration, gate);
    return (...values) => {
      if (gate.on) gate.write(...values);
    };
  }

  serialiserOf(declaration: Declaration): Serialise | 'off' | 'busy' {
    if (this.#state === 'off') return 'off';
    if (this.#isBusy) return 'busy';
    this.#tellOpened();
    this.#isBusy = true;
    try {
      this.#writer ??= this.#open();
      const id = this.#registry.idOf(declaration);
      return canCompile()
        ? compileSerialiser(declaration, id, this.#writer)
        : makeWalkingSerialiser(declaration, id, this.#writer);
    } catch (error) {
      this.#fail(declaration, error);
      return 'off';
    } finally {
      this.#isBusy = false;
    }
  }

  whenOpened(callback: () => void): void {
    this.#whenOpened.push(callback);
  }

  open(): void {
    this.#tellOpened();
  }

  /** Each callback emits, and so makes the ring if it is not there. */
  #tellOpened(): void {
    for (let next = this.#whenOpened.shift(); next !== undefined; next = this.#whenOpened.shift()) {
      try {
        next();
      } catch (error) {
        this.tell(describeError(error));
      }
    }
  }

  #open(): ThreadWriter {
    const { mode, subBufferSizeBytes, subBufferCount } = this.#session;
    const ring = createThreadRing({
      folder: join(this.#directory.path, RINGS_FOLDER),
      mode,
      geometry: { subBufferSizeBytes, subBufferCount },
      processStartTicks: this.#startTicks,
      uuid: Buffer.from(this.#directory.description.uuid.replaceAll('-', ''), 'hex'),
      streamClassId: STREAM_CLASS_ID,
    });
    this.#ring = ring;
    this.#state = 'recording';
    this.#writeStatus();
    return makeThreadWriter(ring.producer);
  }

  /** Without a ring the thread is off; with one, only the event class that could not be declared is. */
  #fail(declaration: Declaration, error: unknown): void {
    if (this.#ring === undefined) {
      this.#state = 'off';
      this.tell(describeError(error));
      return;
    }
    const line = `event ${declaration.name} is not recorded: ${describeError(error)}`;
    if (this.#missing.length < 5) this.#missing.push(line.slice(0, 120));
    this.#writeStatus();
  }

  tell(reason: string): void {
    this.#reasons.add(reason);
    this.#writeStatus();
  }

  #writeStatus(): void {
    const ring = this.#ring;
    this.#status.write({
      tid: this.#tid,
      state: this.#state,
      ...(ring === undefined ? {} : { ring: ring.ringNumber, tier: ring.tier, ...ring.geometry }),
      reasons: [...(ring?.reasons ?? []), ...this.#reasons],
      ...(this.#missing.length === 0 ? {} : { missing: this.#missing }),
    });
  }

  #close(): void {
    this.#tellOpened();
    try {
      this.#ring?.close();
    } catch {
      // What could not be closed is recovered by the consumer.
    }
  }
}

/** The session of this thread, or undefined when the program is not traced. */
export const threadSession: ThreadSession | undefined = sharedSession(attach);
