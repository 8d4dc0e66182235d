// A worker that a session meets while it runs loads nothing until it has something to record: it opens the tracepoints that
// the session names, says in its status that it has a part in it, and follows the session's changes. To load what records
// costs ten times as much, and most workers of most programs never emit. The first event has it loaded, and is recorded.
//
// Only what this can do as well: automatic events begin before there is an event, some trackers and lists need more than is
// known here, and a worker that has workers of its own has to tell of them (`thread-ends.ts`). Then the thread is one that loads at once.
import { hasWorkerModule } from '@spoor/sys/heap-room';
import type { SessionDescription } from '@spoor/ringbuffer';
import { isTrusted } from './hub-trust.ts';
import { WATCH_MARK, ownProcess } from './joining-mark.ts';
import { isNamed, parseNames, type RuleNames } from './rule-names.ts';
import type { IdleTracepoint } from './session-slot.ts';
import { isSharedSlot, keepSlot, threadSlot, type Slot } from './thread-slot.ts';

/** The version of sessions that this knows: RUN_VERSION of @spoor/ringbuffer, which would be loaded for it. */
const KNOWN_VERSION = 2;

/** For so long a worker that has seen a session leaves it to the main thread to join it first. */
const MOST_WAIT_FOR_MAIN_MS = 2000;

/** Of what could not be loaded in the middle of an event, for want of stack perhaps. */
const MOST_ATTEMPTS = 3;

/** How often that is tried which there was no descriptor for; what is emitted until then is not recorded, nor counted. */
const LOAD_EVERY_MS = 1000;

/** A session that the thread has a part in. */
interface Joined {
  readonly path: string;
  readonly stamp: string;
  readonly processPath: string;
  /** Undefined while the process has no directory there. */
  readonly statusPath: string | undefined;
  readonly rules: readonly RuleNames[];
}

/** Why it has none: the session asks for more than is done here, or the main thread has not made the process's place there yet. */
type Refusal = 'not so' | 'soon';

/**
 * What became of it: `stands-by` where the thread stands by, which hears of changes; `alone` where it does although the main
 * thread has not joined for long, and is to ask at each look whether it has; `soon` where that one comes first
 * (`thread-ends.ts`); `not so` where the thread has to load what records.
 */
export type Followed = 'stands-by' | 'alone' | Refusal;

/** Who this is, for the file system. */
interface Thread {
  readonly tid: number;
  /** `PID-STARTTIME`. */
  readonly processFolder: string;
  /** Made by the main thread once it looks before it ends others. */
  readonly watchMark: string;
}

/** A thread's way to stand by. */
export interface StandingBy {
  /** Whether the thread stands by. */
  readonly isOn: boolean;
  /** Takes over what the hubs say now. Never throws. */
  follow(): Followed;
  /** The thread loads now: until then its tracepoints stay as they are. */
  end(): void;
  /** The thread has loaded: takes away what the sessions that it is in have not taken over. */
  clear(): void;
}

/**
 * A worker's way to stand by.
 * @param hubs that the thread follows.
 * @param load loads what records; false where no descriptor is left for that.
 */
export function makeStandingBy(hubs: readonly string[], load: () => boolean): StandingBy {
  const fs = process.getBuiltinModule('node:fs');
  // As they are before the program.
  const { closeSync, existsSync, openSync, readFileSync, readdirSync, readlinkSync, statSync, writeSync } =
    fs;
  const { O_CREAT, O_WRONLY } = fs.constants;
  const { unlinkSync } = fs;
  const setTimer = setTimeout;
  const hrtime = process.hrtime.bigint;
  let slot: Slot | undefined;
  let thread: Thread | undefined;
  let joined: readonly Joined[] = [];
  let attempts = 0;
  /** Whether it is tried again by a timer. */
  let waits = false;
  /** When it no longer waits for the main thread. */
  let aloneFromMs: number | undefined;
  /** The thread's context outside of the program's requests, in which what records begins. */
  let runOutside: ((work: () => boolean) => boolean) | undefined;

  const thisThread = (): Thread => {
    // Synchronous calls run on the calling thread, so this link is its own.
    const [, tid = ''] = readlinkSync('/proc/thread-self').split('/task/');
    const { folder, places } = ownProcess(hubs[0]!);
    return { tid: Number(tid), processFolder: folder, watchMark: `${places.at(-1)!}/${WATCH_MARK}` };
  };

  /** @param isWatched whether the main thread has joined, as far as this one knows. */
  const join = (
    { tid, processFolder }: Thread,
    path: string,
    isWatched: boolean,
    isAlone: boolean,
  ): Joined | 'none' | Refusal => {
    const file = `${path}/session.json`;
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined) return 'none';
    const stamp = `${found.ino}:${found.mtimeMs}`;
    const known = joined.find((other) => other.path === path);
    const processPath = `${path}/${processFolder}`;
    const hasPlace =
      known?.statusPath !== undefined || (isWatched && existsSync(`${processPath}/process.json`));
    // Two changes may have one time, but not one inode: files are replaced.
    if (known?.stamp === stamp && hasPlace === (known.statusPath !== undefined)) return known;
    const description = JSON.parse(readFileSync(file, 'utf8')) as SessionDescription;
    if (!isSimple(description)) return 'not so';
    if (!hasPlace && !isAlone) return 'soon';
    const { channels, counts = [], revision } = description;
    const rules = [...channels, ...counts].flatMap((each) => each.rules.map(parseNames));
    if (!hasPlace) return { path, stamp, processPath, statusPath: undefined, rules };
    const statusPath = known?.statusPath ?? `${processPath}/status/${tid}-${hrtime()}.json`;
    const fd = openSync(statusPath, O_WRONLY | O_CREAT, 0o600);
    try {
      const status = JSON.stringify({ tid, state: 'attached', reasons: [], revision });
      // Written in place, over what was shorter.
      writeSync(fd, status, 0);
    } finally {
      closeSync(fd);
    }
    return { path, stamp, processPath, statusPath, rules };
  };

  const joinAll = (self: Thread, isWatched: boolean, isAlone: boolean): readonly Joined[] | Refusal => {
    const all: Joined[] = [];
    for (const hub of hubs) {
      if (!existsSync(`${hub}/hub.json`) || !isTrusted(hub)) continue;
      for (const name of readdirSync(`${hub}/sessions`).sort()) {
        const one = join(self, `${hub}/sessions/${name}`, isWatched, isAlone);
        if (one === 'not so' || one === 'soon') return one;
        if (one !== 'none') all.push(one);
      }
    }
    return all;
  };

  const setGate = ({ declaration, gate }: IdleTracepoint): void => {
    gate.on = joined.some(({ rules }) => rules.some((rule) => isNamed(rule, declaration)));
  };

  const begin = (): void => {
    if (slot?.standBy === undefined || runOutside === undefined || waits) return;
    const own = slot;
    // What emits while it is loaded is not recorded.
    standingBy.end();
    let isLoaded = true;
    try {
      isLoaded = runOutside(load);
    } catch {
      // No stack is left, perhaps.
    }
    attempts += isLoaded ? 1 : 0;
    if (own.session !== undefined || attempts >= MOST_ATTEMPTS) return;
    own.standBy = { begin, adopt: setGate };
    waits = true;
    setTimer(
      () => {
        waits = false;
        begin();
      },
      isLoaded ? 0 : LOAD_EVERY_MS,
    ).unref();
  };

  const standingBy = {
    get isOn() {
      return slot?.standBy !== undefined;
    },
    follow(): Followed {
      try {
        const own = (slot ??= threadSlot() ?? keepSlot(undefined));
        if (own.session !== undefined || !isSharedSlot(own)) return 'not so';
        const self = (thread ??= thisThread());
        const isWatched = existsSync(self.watchMark);
        // What records would come down on a machine that is busy with the main threads of hundreds of programs.
        const nowMs = Number(hrtime()) / 1e6;
        const isAlone = aloneFromMs !== undefined && nowMs >= aloneFromMs;
        const found = joinAll(self, isWatched, isAlone);
        if (found === 'soon') aloneFromMs ??= nowMs + MOST_WAIT_FOR_MAIN_MS;
        if (found === 'soon' || found === 'not so') return found;
        const isJoined = found.every(({ statusPath }) => statusPath !== undefined);
        if (isJoined) aloneFromMs = undefined;
        own.hasWaitedForMain = !isJoined;
        joined = found;
        if (runOutside === undefined) {
          const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
          const outside = new AsyncResource('SPOOR');
          runOutside = (work) => outside.runInAsyncScope(work);
        }
        own.statusPaths = new Map(
          found.flatMap(({ processPath, statusPath }) =>
            statusPath === undefined ? [] : [[processPath, statusPath]],
          ),
        );
        own.standBy ??= { begin, adopt: setGate };
        for (const tracepoint of own.idle) setGate(tracepoint);
        return isJoined ? 'stands-by' : 'alone';
      } catch {
        // What records finds out what it can do, and says what it cannot.
        return 'not so';
      }
    },
    end() {
      if (slot !== undefined) slot.standBy = undefined;
    },
    clear() {
      for (const path of slot?.statusPaths?.values() ?? []) {
        try {
          unlinkSync(path);
        } catch {
          // Gone with the session.
        }
      }
      if (slot !== undefined) delete slot.statusPaths;
    },
  };
  return standingBy;
}

/** Whether this is not the main thread. */
export function isWorker(): boolean {
  return hasWorkerModule() && !process.getBuiltinModule('node:worker_threads').isMainThread;
}

function isSimple({ version, auto, lists, trackers = [], ownerUid }: SessionDescription): boolean {
  return (
    version === KNOWN_VERSION &&
    !auto &&
    lists !== true &&
    trackers.length === 0 &&
    (ownerUid === undefined || ownerUid === process.geteuid?.())
  );
}
