import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { SpoorError } from '@spoor/base';
import type { Output, SessionMode } from '@spoor/control';
import type { RegisterCommand } from '../commands/register-command.ts';
import { type VerbOutcome, onControl } from './verb.ts';

interface CreateOptions {
  readonly output?: string | false;
  readonly setUrl?: string;
  readonly ctrlUrl?: string;
  readonly dataUrl?: string;
  readonly snapshot?: true;
  readonly live?: number | true;
  readonly shmPath?: string;
  /** False for `--no-auto`. */
  readonly auto: boolean;
}

/** How long LTTng lets a live reader wait. */
const DEFAULT_LIVE_US = 1_000_000;

function microseconds(text: string): number {
  if (!/^\d{1,12}$/.test(text) || Number(text) === 0) {
    throw new InvalidArgumentError('A number of microseconds is needed.');
  }
  return Number(text);
}

/** `create`: makes a session and the current one of it. */
export const registerCreate: RegisterCommand = (program, context) => {
  const command = program
    .command('create')
    .description('Make a recording session, which is then the current one.')
    .argument('[session]', 'its name; auto-YYYYmmdd-HHMMSS by default')
    .option('-o, --output <dir>', 'directory of its traces (default: ~/lttng-traces/SESSION-DATE-TIME)')
    .option('--no-output', 'write nothing; of a snapshot session: make no snapshot output')
    .option('-U, --set-url <url>', 'the same as --output by file://DIR, or a relay daemon by net://HOST')
    .option('-C, --ctrl-url <url>', 'control connection of the relay daemon')
    .option('-D, --data-url <url>', 'data connection of the relay daemon')
    .option('--snapshot', 'flight recorder: keep the last events in memory, for snapshots')
    .option('--live [us]', 'for a live reader, who waits so many microseconds at most', microseconds)
    .option('--shm-path <dir>', 'keep the ring buffers below this directory')
    .option('--no-auto', 'record no automatic events, whatever rules take them');
  onControl<CreateOptions>(
    command,
    context,
    async (client, options, [name]): Promise<VerbOutcome> => {
      const { outputOfOptions } = await import('./output-url.ts');
      const { setCurrentSession } = await import('./current-session.ts');
      const named = outputOfOptions(options);
      const path = typeof options.output === 'string' ? options.output : undefined;
      if (path !== undefined && named !== undefined) {
        throw new SpoorError('control/option', '--output and --set-url name the output twice');
      }
      const output: Output | undefined = path === undefined ? named : { kind: 'local', path: resolve(path) };
      const mode = modeOf(options, output);
      const { session, warnings } = await client.call('create-session', {
        ...(name === undefined ? {} : { name }),
        mode,
        ...(output === undefined ? await usualOutput(name, mode) : { output }),
        ...(mode === 'snapshot' && options.output === false ? { hasNoSnapshotOutput: true } : {}),
        ...(options.shmPath === undefined ? {} : { shmPath: resolve(options.shmPath) }),
        ...(options.live === undefined
          ? {}
          : { liveTimerUs: options.live === true ? DEFAULT_LIVE_US : options.live }),
        automaticEvents: options.auto,
      });
      setCurrentSession(session.name);
      const { createdText } = await import('./session-text.ts');
      const mi = async () => (await import('../lttng/mi-session.ts')).sessionElement(session);
      return { json: { session }, text: createdText(session), warnings, mi };
    },
    {},
  );
};

/** The usual place below the home of who asks, which may be another than the daemon's. */
async function usualOutput(
  name: string | undefined,
  mode: SessionMode,
): Promise<{ readonly output?: Output }> {
  if (name === undefined || (mode !== 'local' && mode !== 'snapshot')) return {};
  const { usualPath } = await import('./usual-path.ts');
  return { output: { kind: 'local', path: usualPath(name) } };
}

function modeOf(options: CreateOptions, output: Output | undefined): SessionMode {
  if (options.snapshot === true && options.live !== undefined) {
    throw new SpoorError('control/option', 'a session is of one mode: --snapshot or --live');
  }
  if (options.snapshot === true) return 'snapshot';
  if (options.live !== undefined) return 'live';
  if (options.output === false) return 'no-output';
  return output?.kind === 'network' ? 'network' : 'local';
}
