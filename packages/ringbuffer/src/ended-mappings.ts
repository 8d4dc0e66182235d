// Ring and counter files stay mapped when the thread that mapped them ends: its JavaScript may be stopped anywhere, so it
// cannot be trusted to do it, and while it runs its own typed arrays point there. Other threads of the process do it, those
// that map files themselves and the main thread now and then. What is mapped is known by its name: sessions that are over
// have no files any more, but what was mapped of them keeps their memory from the system.
import { currentThreadId, hasWorkerModule, monotonicNs, ownPid, statSync, unmapFiles } from '@spoor/sys';
import { basename } from 'node:path';

/** One attempt in so many does anything: the list of a process's mappings takes 0.1 ms to read, 2 ms with 64 workers. */
const ONE_IN = 4n;

/** How often the main thread looks: some 0.002 % of a processor. */
const LOOK_EVERY_NS = 5_000_000_000n;

/** What a thread maps is known by the file's first name: that of {@link mappedFileName}. */
const ownFile = /^(?:rings|counters)\/(\d+)-\d+\.(?:draft|counters)$/;

/** Name under which a thread makes a file that it maps; a mapping keeps it, whatever becomes of the file. */
export function mappedFileName(tid: number, kind: 'draft' | 'counters'): string {
  return `${tid}-${monotonicNs()}.${kind}`;
}

/** As {@link unmapEnded}, now and then; to be called by a thread that has just mapped a file. Never throws. */
export function unmapEndedNowAndThen(processPath: string): void {
  if (monotonicNs() % ONE_IN !== 0n || isAlone()) return;
  try {
    unmapEnded(basename(processPath));
  } catch {
    // They stay mapped, and are tried again.
  }
}

/** Whether this is the main thread of a program that cannot have others. */
function isAlone(): boolean {
  return !hasWorkerModule() && currentThreadId() === ownPid;
}

/**
 * Unmaps what threads of this process that are gone had mapped in any session, also in one that is over.
 *
 * A mapping is reached through typed arrays of the JavaScript thread that made it and by nothing else: they are no
 * SharedArrayBuffers and never handed to another thread. Once the kernel has no such thread any more, nothing can run
 * that knows the address. A number that another thread has got meanwhile counts as running.
 * @param folder that of this process, which has the same name in each session.
 * @returns how many mappings there were, none when another thread is at it, and how many others stay.
 * Throws what the file system and @spoor/sys throw.
 */
export function unmapEnded(folder: string): { readonly unmapped: number; readonly left: number } {
  // That a thread is gone is not remembered: another one may have its number by the time that the list is read again.
  const running = new Set<string>();
  return unmapFiles(folder, (name) => {
    const tid = ownFile.exec(name)?.[1];
    if (tid === undefined || running.has(tid)) return false;
    if (!isRunning(Number(tid))) return true;
    running.add(tid);
    return false;
  });
}

/** Whether this process has such a thread; throws when that cannot be told. */
function isRunning(tid: number): boolean {
  return statSync(`/proc/self/task/${tid}`, { throwIfNoEntry: false }) !== undefined;
}

/** The main thread's part: it outlives the others, and looks also when no thread maps anything any more. */
export class EndedMappings {
  readonly #folder: string;
  readonly #clockNs: () => bigint;
  #lookedNs: bigint;
  #hasLeft = false;

  /** @param folder see {@link unmapEnded}. */
  constructor(folder: string, clockNs: () => bigint = monotonicNs) {
    this.#folder = folder;
    this.#clockNs = clockNs;
    this.#lookedNs = clockNs();
  }

  /**
   * Unmaps, every few seconds, as long as sessions may be mapped or anything is left of them. Never throws.
   * @param hasSessions whether the thread knows of a session.
   */
  look(hasSessions: boolean): void {
    this.#hasLeft ||= hasSessions;
    const nowNs = this.#clockNs();
    if (!this.#hasLeft || nowNs - this.#lookedNs < LOOK_EVERY_NS || isAlone()) return;
    this.#lookedNs = nowNs;
    try {
      this.#hasLeft = unmapEnded(this.#folder).left > 0;
    } catch {
      // Tried again.
    }
  }
}
