/** Programs of C that tests run. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from './needs.ts';

/** Compiles one of those in `tests/kernel/programs` with gcc. @returns the path of the program. */
export function cProgram(name: string, folder: string): string {
  const program = join(folder, name);
  compile(program, join(repoRoot, 'tests/kernel/programs', `${name}.c`), []);
  return program;
}

/** Compiles a text that a test has, with gcc. @param program path of the program; the text is put beside it. */
export function compileC(program: string, text: string, ...flags: readonly string[]): void {
  writeFileSync(`${program}.c`, text);
  compile(program, `${program}.c`, flags);
}

function compile(program: string, source: string, flags: readonly string[]): void {
  const { status, stderr } = spawnSync('gcc', [...flags, '-o', program, source], { encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`gcc cannot compile ${source}: ${stderr}`);
}
