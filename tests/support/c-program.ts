/** Programs of C that tests run: their sources lie in `tests/kernel/programs`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from './needs.ts';

/** Compiles one with gcc. @returns the path of the program. */
export function cProgram(name: string, folder: string): string {
  const program = join(folder, name);
  const source = join(repoRoot, 'tests/kernel/programs', `${name}.c`);
  const { status, stderr } = spawnSync('gcc', ['-o', program, source], { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`gcc cannot compile ${name}: ${stderr}`);
  return program;
}
