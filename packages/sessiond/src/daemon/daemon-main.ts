// The session daemon in the background: `node daemon-main.js OPTIONS`. Says one line on standard output: `ready`,
// `running` when there is one already, or what is wrong.
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { SpoorError, describeError } from '@spoor/base';
import { runDaemon } from './run-daemon.ts';

function say(text: string): void {
  try {
    writeSync(1, `${text}\n`);
    // Whoever waits for the line waits for the end, too.
    closeSync(1);
  } catch {
    // Nobody listens.
  }
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
const { pidFile, group } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly pidFile?: string;
  readonly group?: string;
};
try {
  await runDaemon({
    environment: process.env,
    release: version,
    ...(pidFile === undefined ? {} : { pidFile }),
    ...(group === undefined ? {} : { group }),
    onReady: () => say('ready'),
  });
  process.exit(0);
} catch (error) {
  const isRunning = error instanceof SpoorError && error.code === 'control/already-running';
  say(isRunning ? 'running' : describeError(error).replaceAll('\n', ' '));
  process.exit(isRunning ? 0 : 1);
}
