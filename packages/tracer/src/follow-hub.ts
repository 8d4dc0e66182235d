// A program that no recorder has started follows the session daemons of its user and of root (docs/design/control.md): once
// one of them has a session, the tracer is loaded. Part of what every program loads, so it imports nothing that imports more.
import { isTrusted } from './hub-trust.ts';
import { HubWatch } from './hub-watch.ts';

/** How often a program that nothing records looks whether there is a session by now. */
const LOOK_EVERY_MS = 200;

/**
 * When one looks again, in milliseconds, who waits for another program to compile the tracer, or for the main thread, which
 * tells when it has joined: to look costs a tenth of one, and hundreds of threads may wait for one that has to compile.
 */
const againMs = { turn: 50, soon: 250 } as const;

const setTimer = setTimeout;
const setSoon = setImmediate;
const started = Promise.resolve();

/** The channel of Node.js that tells of each worker while it is made, long before it runs. */
const WORKERS = 'worker_threads';
const missingIsNone = { throwIfNoEntry: false } as const;
/** What a file is that there is not. */
const none = { ino: 0, mtimeMs: 0 } as const;

/**
 * What became of a thread that meets a session: it began (true), it is to be asked again soon (`turn`, and `soon` where it is told),
 * at each look (`alone`), or at each change of the hubs (`stands-by`).
 */
export type Begun = true | 'stands-by' | 'alone' | keyof typeof againMs;

/**
 * Follows the hubs: calls `begin` now when one has a session, or where a program `isEager`, else once one has and the program
 * runs, or makes a worker. It is called again as its answer says; where it throws, never. The timers keep no program alive. Never
 * throws.
 */
export function followHubs(
  hubs: readonly string[],
  begin: (isRunning: boolean, mayStandBy: boolean) => Begun,
  isEager: boolean,
): () => void {
  const { readdirSync, statSync } = process.getBuiltinModule('node:fs');
  const files = hubs.map((hub) => ({ hub, path: `${hub}/hub.json`, inode: 0, changedMs: 0 }));
  let standsBy = false;
  /** Whether there is something new: a session, or any change where the thread stands by. */
  const hasNews = (file: (typeof files)[number]): boolean => {
    try {
      const { ino: inode, mtimeMs } = statSync(file.path, missingIsNone) ?? none;
      if (inode === file.inode && mtimeMs === file.changedMs) return false;
      file.inode = inode;
      file.changedMs = mtimeMs;
      if (standsBy) return true;
      if (inode === 0 || !isTrusted(file.hub)) return false;
      return readdirSync(`${file.hub}/sessions`).length > 0;
    } catch {
      // Looked at again: there may be no descriptor left to read it with.
      file.inode = 0;
      return false;
    }
  };
  let isFound = isEager;
  let isBeginning = false;
  let hasMadeWorkers = false;
  let hasFollowed = false;
  let waitMs: number | undefined;
  /** Answers whether it is done. */
  const look = (isRunning: boolean, mayStandBy: boolean): boolean => {
    try {
      isFound ||= files.some(hasNews);
    } catch {
      // The program has replaced what this calls: it runs untraced.
      return true;
    }
    // What begins may make a thread of its own, which is a worker too.
    if (!isFound || isBeginning) return false;
    isBeginning = true;
    try {
      const begun = begin(isRunning, mayStandBy);
      standsBy = begun === 'stands-by';
      waitMs = begun === 'turn' || begun === 'soon' ? againMs[begun] : undefined;
      if (standsBy) isFound = false;
      hasFollowed ||= standsBy;
      return begun === true;
    } catch {
      // As what goes wrong later: the program runs untraced.
      return true;
    } finally {
      isBeginning = false;
    }
  };
  if (look(false, false)) return () => undefined;
  let waits = false;
  let canWait = true;
  let isListening = false;
  let watch: HubWatch | undefined;
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
    watch?.end();
    if (isListening) process.getBuiltinModule('node:diagnostics_channel').unsubscribe(WORKERS, onWorker);
    isListening = false;
  };
  const lookAgain = (): boolean => {
    hasFollowed = false;
    if (look(canWait, canWait && !hasMadeWorkers)) {
      end();
      // The other threads come after the main thread: what it has compiled is there then.
      return true;
    }
    if (isFound && !waits && waitMs !== undefined) {
      waits = true;
      setTimer(() => {
        waits = false;
        watch?.look();
      }, waitMs).unref();
    }
    return hasFollowed;
  };
  // A worker finds a session as it starts, but joins it after the thread that may end it: that is not to be the later one.
  const onWorker = (): void => {
    hasMadeWorkers = true;
    // Nor may it stand by: it tells of its workers.
    isFound ||= standsBy;
    canWait = false;
    watch?.look();
    canWait = true;
  };
  // The first timer of a program takes a third of a millisecond: it comes after what a CommonJS program does at its start, which
  // could not look meanwhile, but before it may wait for anything. Not in a tick: where one waits, Node.js runs from the queue of ticks
  // what it runs without it otherwise, such as an ES module, and that is seen in stacks.
  void started.then(() => {
    if (hasEnded) return;
    watch = new HubWatch(LOOK_EVERY_MS, lookAgain);
    // To load the module takes as long.
    setSoon(() => {
      if (hasEnded) return;
      isListening = true;
      process.getBuiltinModule('node:diagnostics_channel').subscribe(WORKERS, onWorker);
    }).unref();
  });
  return end;
}
