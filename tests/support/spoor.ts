// The built `spoor` command, as a user runs it.
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from './machine.ts';

/** The program that Node.js runs for `spoor`. */
export const spoorProgram: string = join(repoRoot, 'packages/cli/bin/spoor.cjs');

/** What a finished command left. */
export interface CommandRun {
  /** Exit status; null when a signal or the time limit ended it. */
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of {@link spoor} that a test may change. */
export interface SpoorOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Number of the user, and of their group; this process's by default. */
  readonly user?: number;
  /** 60 s by default; then the command is killed and its status is null. */
  readonly timeoutMs?: number;
}

/** Runs `spoor` with the given arguments to its end, the time zone UTC unless the options say otherwise. */
export function spoor(args: readonly string[], options: SpoorOptions = {}): CommandRun {
  const settings: SpawnSyncOptions = {
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 30,
    env: { ...process.env, TZ: 'UTC', ...options.env },
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  };
  const done = spawnSync(process.execPath, [spoorProgram, ...args], { ...settings, encoding: 'utf8' });
  return { status: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
}
