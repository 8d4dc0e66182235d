/** Starts a session daemon that goes on by itself. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SpoorError } from '@spoor/base';
import type { Environment } from '@spoor/control';

/** A daemon waits most of the time: it takes 10 MB less so, and nothing of what it does has to be compiled for speed. */
const thrift = ['--max-semi-space-size=1', '--optimize-for-size'] as const;

/** What a daemon is started with. */
export interface StartDaemonOptions {
  readonly environment: Environment;
  readonly pidFile?: string;
  readonly group?: string;
}

/**
 * Starts a session daemon in the background.
 * @returns when it answers requests, its process number; undefined when one runs already.
 * @throws SpoorError `control/daemon-start` with what the daemon said.
 */
export async function startDaemon(options: StartDaemonOptions): Promise<number | undefined> {
  const environment = { ...options.environment };
  // The daemon must not trace itself, and flags meant for a program are not meant for it.
  delete environment['SPOOR_SESSION'];
  delete environment['NODE_OPTIONS'];
  const main = fileURLToPath(new URL('./daemon-main.js', import.meta.url));
  const { pidFile, group } = options;
  const child = spawn(process.execPath, [...thrift, main, JSON.stringify({ pidFile, group })], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: environment,
    cwd: '/',
  });
  let said = '';
  const answer = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.endsWith('\n')) resolve(said.trim());
    });
    child.stdout.on('end', () => resolve(said.trim()));
  }).catch((cause: unknown) => {
    throw new SpoorError('control/daemon-start', 'cannot start the session daemon', { cause });
  });
  child.stdout.destroy();
  child.unref();
  if (answer === 'ready') return child.pid;
  if (answer === 'running') return undefined;
  throw new SpoorError(
    'control/daemon-start',
    `the session daemon did not start: ${answer || 'it said nothing'}`,
  );
}
