// A program whose system calls are numbered, and what a trace of the kernel has of them.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTrace } from '@spoor/components/node';
import type { EventRule } from '@spoor/control';
import { expect } from 'vitest';
import { repoRoot } from './machine.ts';

/** Of the events of system calls those that {@link NumberedWrites} makes. */
export function numberedRule({ child }: NumberedWrites): EventRule {
  const filter = `count >= 20000 && $ctx.tid == ${child.pid}`;
  return { kind: 'kernel-syscall', name: 'write', site: 'entry', filter };
}

/** A process that makes numbered calls of write(2) when it is told to. */
export class NumberedWrites implements Disposable {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** @param launcher words before the command, such as those of unshare(1). */
  constructor(launcher: readonly string[] = []) {
    const program = join(repoRoot, 'tests/kernel/programs/numbered-writes.mjs');
    const words = [...launcher, process.execPath, program];
    this.child = spawn(words[0]!, words.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** Makes so many calls more; resolves when they have been made. */
  async write(count: number): Promise<void> {
    this.child.stdin!.write(`${count}\n`);
    expect(await this.#lines.next()).toEqual({ done: false, value: 'done' });
  }

  [Symbol.dispose](): void {
    this.child.kill('SIGKILL');
  }
}

function numberOf(value: unknown): number {
  return Number(typeof value === 'object' && value !== null && 'value' in value ? value.value : value);
}

/** Numbers of the calls of a trace, in the order of time. */
export function writesIn(path: string): number[] {
  const numbers: number[] = [];
  const set = openTrace(path);
  for (const event of set.events()) {
    if (event.name !== 'syscall_entry_write') continue;
    numbers.push(numberOf(event.payload()?.['count']) - 20_000);
  }
  expect(set.warnings).toEqual([]);
  return numbers;
}
