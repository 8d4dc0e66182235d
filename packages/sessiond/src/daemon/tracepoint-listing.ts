/**
 * Which tracepoints programs have. Programs are not connected to the daemon, so it asks them as it asks all else: by a
 * session in the hub, which records nothing. It stays for a while, for lists that are asked for one after the other.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProgramTracepoints, Tracepoint } from '@spoor/control';
import { asUser } from '@spoor/sys';
import {
  type ListedField,
  type ListedTracepoint,
  RUN_VERSION,
  STATUS_FOLDER,
  type SessionDescription,
  TRACEPOINTS_FOLDER,
  type ThreadTracepoints,
} from '@spoor/ringbuffer';
import { isProcessAlive } from '../process-identity.ts';
import { removeSession, userOf } from '../other-users.ts';
import { MOST_BYTES, readProgramFile } from '../program-file.ts';
import { SessionDirectory, memoryError, parseProcessDirectory } from '../run-directory.ts';
import { describeOwnSession } from './own-session.ts';
import { statuses } from './program-answers.ts';
import { type FollowingProgram, programsOfHub } from './programs-of-hub.ts';

/** Name of the session in the hub. */
const LISTING_SESSION = '.listing';
/** Programs that nothing records look for sessions every 200 ms, and then load what tells of their tracepoints. */
const LEAST_MS = 600;
/** Longest time that programs which have joined may take to answer: one that is busy does not. */
const MOST_MS = 3000;
const LOOK_MS = 20;
/** How long programs go on telling of new tracepoints after a list. */
const KEPT_MS = 60_000;

/** Asks programs for their tracepoints. */
export class TracepointListing {
  readonly #path: string;
  readonly #touchHub: () => void;
  #removal: NodeJS.Timeout | undefined;
  #askedMs: number | undefined;

  /** @param sessionsPath folder of the sessions in the hub. */
  constructor(sessionsPath: string, touchHub: () => void) {
    this.#path = join(sessionsPath, LISTING_SESSION);
    this.#touchHub = touchHub;
    // What a killed daemon left.
    removeSession(this.#path);
  }

  /**
   * The programs that can be recorded, with the tracepoints that each has by now. Those that do not answer within three
   * seconds are in it without any.
   * @throws SpoorError `record/no-shared-memory`.
   */
  async list(): Promise<readonly ProgramTracepoints[]> {
    const began = performance.now();
    this.#ask();
    const askedMs = this.#askedMs ?? began;
    const following = programsOfHub(dirname(dirname(this.#path)));
    for (;;) {
      const nowMs = performance.now();
      const isReady =
        nowMs - askedMs >= LEAST_MS && !this.#isAwaited() && this.#silent(following).length === 0;
      if (isReady || nowMs - began >= MOST_MS) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const silent = this.#silent(following).map(({ pid, procname }): ProgramTracepoints => ({
      pid,
      procname,
      answers: false,
      tracepoints: [],
    }));
    return [...this.#read(), ...silent].sort((a, b) => a.pid - b.pid);
  }

  /** Asks no more. */
  close(): void {
    clearTimeout(this.#removal);
    if (this.#askedMs === undefined) return;
    this.#askedMs = undefined;
    removeSession(this.#path);
    this.#touchHub();
  }

  #ask(): void {
    clearTimeout(this.#removal);
    this.#removal = setTimeout(() => this.close(), KEPT_MS);
    this.#removal.unref();
    if (this.#askedMs !== undefined) return;
    const description: SessionDescription = {
      version: RUN_VERSION,
      name: LISTING_SESSION,
      auto: false,
      outputDir: '',
      channels: [],
      wakes: true,
      lists: true,
    };
    try {
      describeOwnSession(this.#path, description);
      this.#touchHub();
    } catch (cause) {
      throw memoryError(this.#path, cause);
    }
    this.#askedMs = performance.now();
  }

  /** Whether a thread has joined that lives and has not answered. */
  #isAwaited(): boolean {
    return this.#living().some((name) => {
      const folder = join(this.#path, name);
      return asUser(userOf(this.#path, name), () => {
        const answers = new Set(answersIn(folder).map((file) => Number.parseInt(file, 10)));
        return [...statuses(join(folder, STATUS_FOLDER))].some(({ tid }) => !answers.has(tid));
      });
    });
  }

  #living(): readonly string[] {
    return new SessionDirectory(this.#path)
      .processDirectories()
      .filter((name) => isProcessAlive(parseProcessDirectory(name)));
  }

  #read(): readonly ProgramTracepoints[] {
    return this.#living()
      .filter((name) => this.#hasAnswered(name))
      .map((name) => {
        const { pid } = parseProcessDirectory(name);
        return asUser(userOf(this.#path, name), () => programOf(join(this.#path, name), pid));
      });
  }

  #hasAnswered(name: string): boolean {
    return asUser(userOf(this.#path, name), () => answersIn(join(this.#path, name)).length > 0);
  }

  /** Those of `programs` that live and have not answered: their event loops do not turn, or they are just starting. */
  #silent(programs: readonly FollowingProgram[]): readonly FollowingProgram[] {
    const answered = new Set(
      this.#living()
        .filter((name) => this.#hasAnswered(name))
        .map((name) => name.slice(name.lastIndexOf('/') + 1)),
    );
    const waiting = programs.filter(({ pid, startTicks }) => !answered.has(`${pid}-${startTicks}`));
    return waiting.filter(isProcessAlive);
  }
}

function answersIn(processPath: string): readonly string[] {
  try {
    return readdirSync(join(processPath, TRACEPOINTS_FOLDER)).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

/** What the threads of a process have together. */
function programOf(processPath: string, pid: number): ProgramTracepoints {
  const tracepoints = new Map<string, Tracepoint>();
  let procname = '';
  for (const file of answersIn(processPath)) {
    const list = readList(join(processPath, TRACEPOINTS_FOLDER, file));
    procname = list?.procname ?? procname;
    for (const tracepoint of list?.tracepoints ?? []) tracepoints.set(JSON.stringify(tracepoint), tracepoint);
  }
  const sorted = [...tracepoints.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { pid, procname, answers: true, tracepoints: sorted };
}

/** What a thread says, as far as it makes sense: programs write what they will. */
function readList(path: string): ThreadTracepoints | undefined {
  try {
    const text = readProgramFile(path, MOST_BYTES.tracepoints).toString('utf8');
    const { procname, tracepoints } = JSON.parse(text) as Partial<ThreadTracepoints>;
    if (typeof procname !== 'string' || !Array.isArray(tracepoints)) return undefined;
    return { procname, tracepoints: (tracepoints as readonly unknown[]).filter(isTracepoint) };
  } catch {
    return undefined;
  }
}

function isTracepoint(value: unknown): value is ListedTracepoint {
  if (typeof value !== 'object' || value === null) return false;
  const { name, logLevel, fields } = value as Partial<ListedTracepoint>;
  return (
    typeof name === 'string' &&
    Number.isInteger(logLevel) &&
    Array.isArray(fields) &&
    (fields as readonly (Partial<ListedField> | null)[]).every(
      (field) => typeof field?.name === 'string' && typeof field.type === 'string',
    )
  );
}
