// Programs that are run as anybody runs them, for tests that compare what a program does traced and untraced.
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './removal.ts';

/** How a program ended, and what it said. */
export interface Ending {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of programs. */
export class ProgramPlace {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'spoor-behaviour-'));

  /** Writes a file; answers its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  /** Runs Node.js with `args` and what `environment` has besides, without the options for it that the tests have. */
  run(
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    node: string = process.execPath,
  ): Promise<Ending> {
    const { NODE_OPTIONS: _options, NODE_V8_COVERAGE: _coverage, ...inherited } = process.env;
    return new Promise((resolve) => {
      const child = spawn(node, args, {
        cwd: this.folder,
        env: { ...inherited, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('close', (status, signal) =>
        resolve({ status, signal, stdout, stderr: withoutNoise(stderr) }),
      );
    });
  }

  remove(): void {
    removeTree(this.folder);
  }
}

/**
 * Leaves out what differs from run to run, and the stack frames of the tracer, which an error may have gone through:
 * those of its wrappers, the one that Node.js has for async hooks, the property that a timer's callback is in, and the
 * name of a method that is wrapped.
 */
function withoutNoise(stderr: string): string {
  return (
    stderr
      .split('\n')
      .filter((line) => !/packages\/tracer\/dist\//.test(line))
      // An error of a worker is heard of before its end or with it.
      .filter((line) => !/^ +at .*\bon_?exit\b.* \(node:internal\/worker:|^ +at \[kOnExit\]/i.test(line))
      .join('\n')
      .replace(/\(node:\d+\)/g, '(node:PID)')
      .replace(/\n +at \S*callbackTrampoline \(node:internal\/async_hooks:[\d:]+\)/g, '')
      .replace(/(at (?:Timeout|Immediate)\.)(?:<anonymous>|_onTimeout|_onImmediate)/g, '$1<anonymous>')
      .replace(/ \[as (?:_onTimeout|_onImmediate)\]/g, '')
      .replace(/\bModule\.<anonymous> \((?=node:internal\/modules\/cjs\/)/g, 'Module._compile (')
  );
}
