/** The session daemon as a process: its directories, its socket, its end. */
import { chmodSync, chownSync, existsSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import {
  type Environment,
  type Notification,
  TRACING_GROUP,
  controlDirectory,
  groupNumber,
  socketPath,
} from '@spoor/control';
import { hubPath } from '@spoor/ringbuffer';
import { canActAsUsers } from '@spoor/sys';
import type { SocketAccess } from '../line-server.ts';
import { makeWithParents } from '../output-directory.ts';
import { ControlServer } from './control-server.ts';
import { Daemon } from './daemon.ts';
import { leaveLock, lockMark, runningDaemon, takeLock } from './daemon-lock.ts';
import type { PathMark } from '../path-mark.ts';

/** How often a daemon looks whether clients can still find it. */
const LOOK_MS = 1000;

/** How to run a daemon. */
export interface RunDaemonOptions {
  readonly environment: Environment;
  readonly release: string;
  /** Gets the daemon's process number. */
  readonly pidFile?: string;
  /** Group whose members may control root's daemon; `tracing` by default, if there is such a group. */
  readonly group?: string;
  /** Called when requests are answered. */
  readonly onReady: () => void;
}

/**
 * Runs a session daemon until it is told to end by SIGTERM, SIGINT or SIGHUP, or its directory is another daemon's or gone. Its
 * sessions go on without it.
 * @returns when it has ended.
 * @throws SpoorError `control/already-running`, `control/directory-unsafe`, `control/socket`.
 */
export async function runDaemon(options: RunDaemonOptions): Promise<void> {
  const { environment } = options;
  const directory = controlDirectory(environment);
  process.title = 'spoor-sessiond';
  // Traces are for the user and the group, as LTTng's are.
  process.umask(0o007);
  // What members ask for is done with their rights, or not at all.
  const gid = canActAsUsers() ? groupNumber(options.group ?? TRACING_GROUP) : undefined;
  ensureDirectory(directory, gid);
  if (!takeLock(directory)) {
    const pid = runningDaemon(directory)?.pid;
    throw new SpoorError('control/already-running', `a session daemon runs already (process ${pid})`, {
      where: directory,
    });
  }
  const lock = lockMark(directory);
  const server = new ControlServer();
  try {
    const publish = (notification: Notification, owner: number): void => server.publish(notification, owner);
    const { release } = options;
    const daemon = new Daemon({ directory, hub: hubPath(environment), environment, release, publish });
    await daemon.resume();
    const access: SocketAccess = gid === undefined ? { mode: 0o600 } : { mode: 0o660, gid };
    await server.listen(socketPath(environment), access, daemon);
    if (options.pidFile !== undefined) writeFileSync(options.pidFile, `${process.pid}\n`, { mode: 0o644 });
    options.onReady();
    await new Promise<void>((end) => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end());
      endOnceForsaken(lock, daemon, end);
    });
    // What is in its place may be another daemon's.
    if (lock.state === 'same') {
      server.close();
      rmSync(socketPath(environment), { force: true });
      if (options.pidFile !== undefined) rmSync(options.pidFile, { force: true });
    }
    await daemon.close();
  } finally {
    if (lock.state === 'same') leaveLock(directory);
  }
}

/** Ends a daemon that no client can find any more: another one has its place, or its directory is gone and it has nothing to do. */
function endOnceForsaken(lock: PathMark, daemon: Daemon, end: () => void): void {
  let missedLooks = 0;
  setInterval(() => {
    const { state } = lock;
    // Who starts another daemon at this moment has it under another name.
    missedLooks = state === 'removed' && daemon.isIdle ? missedLooks + 1 : 0;
    if (state === 'replaced' || missedLooks > 1) end();
  }, LOOK_MS).unref();
}

/** Makes the directory of socket and state, which nobody else may write to. */
function ensureDirectory(path: string, gid: number | undefined): void {
  try {
    if (!existsSync(path)) makeWithParents(path, 0o700);
  } catch (cause) {
    if (!existsSync(path)) {
      throw new SpoorError('control/directory', 'cannot make the directory of the session daemon', {
        where: path,
        hint: 'set LTTNG_RUNDIR to a directory of your own',
        cause,
      });
    }
  }
  const found = lstatSync(path);
  const uid = process.getuid?.() ?? found.uid;
  if (!found.isDirectory() || found.uid !== uid) {
    throw new SpoorError('control/directory-unsafe', 'the directory of the session daemon is not your own', {
      where: path,
      hint: 'remove it, or set LTTNG_RUNDIR to a directory of your own',
    });
  }
  if (gid !== undefined) chownSync(path, uid, gid);
  chmodSync(path, gid === undefined ? 0o700 : 0o750);
}
