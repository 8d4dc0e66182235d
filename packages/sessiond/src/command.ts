import { type Stats, accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { RecordingInterrupted } from './early-signals.ts';

/** Undefined where there is nothing, or where a folder on the way may not be looked into. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds the file of a command as a shell does: a name with a slash is a path, any other is looked up in `PATH`.
 * @throws SpoorError `record/command-not-found`, `record/command-not-executable`.
 */
export function resolveCommand(command: string, searchPath: string): string {
  const candidates = command.includes('/')
    ? [command]
    : command === ''
      ? []
      : searchPath
          .split(':')
          .map((folder) => join(folder === '' || !isAbsolute(folder) ? `./${folder}` : folder, command));
  let forbidden: string | undefined;
  for (const candidate of candidates) {
    const stat = statOf(candidate);
    if (stat === undefined) continue;
    if (stat.isFile() && isExecutable(candidate)) return candidate;
    forbidden ??= candidate;
  }
  if (forbidden !== undefined) throw notExecutable(forbidden);
  throw new SpoorError(
    'record/command-not-found',
    `command not found: ${command === '' ? '(empty)' : command}`,
    {
      hint: command.includes('/') ? 'check the path' : 'check the name, or write the path of the program',
    },
  );
}

/** The error for a file that is there but cannot be run. */
export function notExecutable(path: string, cause?: unknown): SpoorError {
  const folder = statOf(path)?.isDirectory() === true;
  return new SpoorError('record/command-not-executable', `cannot run ${path}`, {
    hint: folder
      ? 'it is a directory'
      : /\.[cm]?[jt]s$/.test(path)
        ? `write: spoor record -- node ${path}`
        : 'check its permissions and the interpreter in its first line',
    cause,
  });
}

/** Exit status that a shell gives for an error of starting a command; undefined for any other error. */
export function statusOfCommandError(error: unknown): number | undefined {
  if (!(error instanceof SpoorError)) return undefined;
  if (error instanceof RecordingInterrupted) return 128 + osConstants.signals[error.signal];
  if (error.code === 'record/command-not-found') return 127;
  if (error.code === 'record/command-not-executable') return 126;
  return undefined;
}

/**
 * `NODE_OPTIONS` that load the tracer first and keep what was there. By `--require`: with `--import` Node.js would load a
 * CommonJS program by the loader of ES modules, and run it in another order.
 * @param tracerPath of a CommonJS file.
 */
export function nodeOptionsWithTracer(tracerPath: string, existing: string | undefined): string {
  const own = `--require=${quoted(tracerPath)}`;
  if (existing === undefined || existing.trim() === '') return own;
  return existing.includes(own) ? existing : `${own} ${existing}`;
}

/** As Node.js reads words of `NODE_OPTIONS`: spaces part them but in quotes, where a backslash takes the next character. */
function quoted(word: string): string {
  return /[ "\\]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
