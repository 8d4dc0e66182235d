// The command lines that the manual shows can be typed as they stand.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { DirectoryOutput } from '@spoor/ctf/node';
import { repoRoot } from './support/machine.ts';
import { spoorProgram } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

const manual = join(repoRoot, 'docs/manual');

/** Lines of shell blocks that run `spoor` alone on a directory; a page that is served does not end. */
function commandLines(): (readonly [page: string, line: string])[] {
  return readdirSync(manual).flatMap((page) =>
    [...readFileSync(join(manual, page), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)]
      .flatMap(([, block = '']) => block.split('\n'))
      .map((line) =>
        line
          .replace(/\s+#.*$/, '')
          .replace('DIR…', 'DIR')
          .replace('host/ust', 'DIR'),
      )
      .filter((line) => /^spoor (?!view|record)[^|]*\bDIR\b/.test(line) && !line.includes('|'))
      .map((line) => [page, line] as const),
  );
}

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'spoor-manual-'));
  const traceClass = describeTrace({
    streams: [{ events: [{ name: 'shop:order_placed', fields: { customer: 'string', total: 'f64' } }] }],
  });
  const writer = createTraceWriter(traceClass, new DirectoryOutput(join(dir, 'DIR')));
  writer.stream().append('shop:order_placed', 1_800_000_000_000_000_000n, { customer: 'ann', total: 150 });
  writer.close();
  mkdirSync(join(dir, 'bin'));
  const command = join(dir, 'bin/spoor');
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${spoorProgram}" "$@"\n`);
  chmodSync(command, 0o755);
});
afterAll(() => removeTree(dir));

test('there are such lines', () => {
  expect(commandLines().length).toBeGreaterThan(20);
});

test.each(commandLines())('%s: %s', (_, line) => {
  for (const made of ['OUT', 'tables']) rmSync(join(dir, made), { recursive: true, force: true });
  const path = `${join(dir, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  const done = spawnSync('sh', ['-c', line], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
  expect(done.status, done.stderr).toBe(0);
});
