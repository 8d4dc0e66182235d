/** Readers of the user's choice, as `--viewer` names them. */
import { spawnSync } from 'node:child_process';

/**
 * Runs a reader and waits for its end.
 * @param viewer the command, with arguments separated by spaces.
 * @param directories what it is given last.
 * @returns its exit status; 1, with a line on standard error, where it cannot be run or was killed.
 */
export function showBy(viewer: string, directories: readonly string[]): number {
  const [program = '', ...args] = viewer.split(/\s+/).filter((word) => word !== '');
  const done = spawnSync(program, [...args, ...directories], { stdio: 'inherit' });
  if (done.error !== undefined) {
    const isAbsent = 'code' in done.error && done.error.code === 'ENOENT';
    process.stderr.write(
      `spoor: cannot run ${program}: ${isAbsent ? 'there is no such command' : done.error.message}\n`,
    );
    return 1;
  }
  if (done.signal !== null) process.stderr.write(`spoor: ${program} was killed by ${done.signal}\n`);
  return done.status ?? 1;
}
