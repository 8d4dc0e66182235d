// A program that no recorder has started follows the session daemons of its user and of root (docs/design/control.md): once
// one of them has a session, the tracer is loaded. Part of what every program loads, so it imports nothing that imports more.
import { HubWatch } from './hub-watch.ts';

/** How often a program that nothing records looks whether there is a session by now. */
const LOOK_EVERY_MS = 200;

/** How often one looks whose turn it is not yet to begin. */
const TURN_EVERY_MS = 30;

const setTimer = setTimeout;
const setSoon = setImmediate;

/** The channel of Node.js that tells of each worker while it is made, long before it runs. */
const WORKERS = 'worker_threads';
const missingIsNone = { throwIfNoEntry: false } as const;
/** What a file is that there is not. */
const none = { ino: 0, mtimeMs: 0 } as const;

/** Whether nobody but this user and root can put anything into the hub, or another one in its place. */
function isTrusted(hub: string): boolean {
  const { lstatSync } = process.getBuiltinModule('node:fs');
  return [hub, hub.slice(0, hub.lastIndexOf('/'))].every((path) => {
    const found = lstatSync(path);
    return (
      found.isDirectory() &&
      (found.uid === 0 || found.uid === process.geteuid?.()) &&
      (found.mode & 0o022) === 0
    );
  });
}

/**
 * Follows the hubs: calls `begin` now when one has a session (`isEager`: or may get one, for a daemon runs), else once one has and the program runs, or makes a worker. Where that answers
 * false it is called again soon; where it throws, never. The timers keep no program alive. Never throws.
 */
export function followHubs(
  hubs: readonly string[],
  begin: (isRunning: boolean) => boolean,
  isEager: boolean,
): void {
  const { readdirSync, statSync } = process.getBuiltinModule('node:fs');
  const files = hubs.map((hub) => ({ hub, path: `${hub}/hub.json`, inode: 0, changedMs: 0 }));
  const hasSession = (file: (typeof files)[number]): boolean => {
    try {
      const { ino: inode, mtimeMs } = statSync(file.path, missingIsNone) ?? none;
      if (inode === file.inode && mtimeMs === file.changedMs) return false;
      file.inode = inode;
      file.changedMs = mtimeMs;
      if (inode === 0 || !isTrusted(file.hub)) return false;
      return isEager || readdirSync(`${file.hub}/sessions`).length > 0;
    } catch {
      // Looked at again: there may be no descriptor left to read it with.
      file.inode = 0;
      return false;
    }
  };
  let isFound = false;
  let isBeginning = false;
  const look = (isRunning: boolean): boolean => {
    isFound ||= files.some(hasSession);
    // What begins may make a thread of its own, which is a worker too.
    if (!isFound || isBeginning) return false;
    isBeginning = true;
    try {
      return begin(isRunning);
    } catch {
      // As what goes wrong later: the program runs untraced.
      return true;
    } finally {
      isBeginning = false;
    }
  };
  if (look(false)) return;
  let waits = false;
  let canWait = true;
  let isListening = false;
  const watch = new HubWatch(LOOK_EVERY_MS, () => {
    if (look(canWait)) {
      watch.end();
      if (isListening) process.getBuiltinModule('node:diagnostics_channel').unsubscribe(WORKERS, onWorker);
      // The other threads come after the main thread: what it has compiled is there then.
      return true;
    }
    if (isFound && !waits) {
      waits = true;
      setTimer(() => {
        waits = false;
        watch.look();
      }, TURN_EVERY_MS).unref();
    }
    return false;
  });
  // A worker finds a session as it starts, but joins it after the thread that may end it: that is not to be the later one.
  const onWorker = (): void => {
    canWait = false;
    watch.look();
    canWait = true;
  };
  // To load the module takes a part of a millisecond, which is not to delay the program's start.
  setSoon(() => {
    if (watch.hasEnded) return;
    isListening = true;
    process.getBuiltinModule('node:diagnostics_channel').subscribe(WORKERS, onWorker);
  }).unref();
}
