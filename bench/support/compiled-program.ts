// C programs of this folder, compiled when they are asked for.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../../tests/support/machine.ts';

/** Compiles `bench/support/NAME.c`. @returns the program's path. */
export function compiledProgram(name: string): string {
  const program = join(repoRoot, '.cache/bench', name);
  mkdirSync(join(repoRoot, '.cache/bench'), { recursive: true });
  const source = join(repoRoot, 'bench/support', `${name}.c`);
  const done = spawnSync('gcc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
  return program;
}
