/** Files of tracefs are not files: what is written to them is a command, and each may refuse in its own way. */
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { SpoorError } from '@spoor/base';

/** `errno` of an error of Node's file system calls. */
export function errnoOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'kernel tracing is for root, or for the group that tracefs is mounted with (mount option gid=)',
  EPERM: 'this machine refuses it to everyone: a lockdown or the policy of a container',
  EROFS: 'tracefs is mounted read-only here',
  ENOENT: 'this kernel was built without it',
  ENODEV: 'the event is gone: its module or probe was removed',
};

/** What became of a control file, as an error: `kernel/ERRNO`, with the file as its place. */
export function controlError(what: string, path: string, error: unknown): SpoorError {
  const errno = errnoOf(error);
  return new SpoorError(`kernel/${errno.toLowerCase()}`, `cannot ${what}: ${errno}`, {
    where: path,
    hint: hints[errno],
  });
}

/**
 * Writes a command to a control file, in one call.
 * @param what for the message: `set the clock`.
 * @param how `replace` empties the file first, which some files take as a command of its own.
 * @throws SpoorError `kernel/ERRNO`.
 */
export function writeControl(
  path: string,
  text: string,
  what: string,
  how: 'write' | 'replace' | 'append' = 'write',
): void {
  const modes = { write: 0, replace: constants.O_TRUNC, append: constants.O_APPEND };
  try {
    // Never O_CREAT: a name that tracefs does not have must be an error.
    const descriptor = openSync(path, constants.O_WRONLY | modes[how]);
    try {
      if (text !== '') writeSync(descriptor, text);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw controlError(what, path, error);
  }
}

/** Reads a control file. @throws SpoorError `kernel/ERRNO`. */
export function readControl(path: string, what: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw controlError(what, path, error);
  }
}

/** What the last entry of an `error_log` says; undefined where the log is empty. */
export function lastLoggedError(
  log: string,
): { readonly message: string; readonly column: number } | undefined {
  const entries = log.split(/^(?=\[\s*\d+\.\d+\])/m).filter((entry) => entry.trim() !== '');
  const lines = entries.at(-1)?.split('\n');
  if (lines === undefined) return undefined;
  const command = lines.find((line) => line.startsWith('  Command: ')) ?? '';
  const caret = lines.find((line) => line.trim() === '^') ?? '';
  return {
    message: (lines[0] ?? '')
      .replace(/^\[[^\]]*\]\s*/, '')
      .replace(/^.*?\berror: error: /, '')
      .replace(/^.*?\berror: /, ''),
    column: Math.max(0, caret.length - 1 - (command === '' ? 0 : '  Command: '.length)),
  };
}
