// A program that reads its own events beside a recording of them, and the example.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { openTrace } from '@spoor/components/node';
import { repoRoot } from '../support/machine.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const dist = pathToFileURL(join(repoRoot, 'packages/tracer/dist/')).href;

test('events go to the recording and to the program itself, each by its own rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-own-'));
  try {
    const program = join(folder, 'program.mjs');
    writeFileSync(
      program,
      `import { tracepoint } from '${dist}index.js';
       import { subscribe } from '${dist}subscribe.js';
       const e = tracepoint('a:b', { n: 'u32', route: 'interned-string' });
       const other = tracepoint('c:d', { n: 'u32' });
       e(0, 'before');
       const got = [];
       const s = subscribe({ events: 'a:*', filter: 'n > 1' }, ({ fields }) => got.push([fields.n, fields.route]));
       for (let n = 1; n < 4; n += 1) { e(n, 'route'); other(n); }
       s.close();
       e(4, 'after');
       subscribe({ events: 'c:*' }, ({ name, fields }) => got.push([name, fields.n])).flush();
       other(5);
       process.on('exit', () => console.log(JSON.stringify(got)));`,
    );
    const trace = join(folder, 'trace');
    const done = spoor(['record', '-o', trace, '--no-auto', '--', process.execPath, program]);
    expect(done.status).toBe(0);
    expect(done.stdout).toContain('[["c:d",5]]');
    const numbers: Record<string, unknown[]> = {};
    for (const view of openTrace(trace).events())
      (numbers[view.name] ??= []).push(view.field('n') ?? view.field('text'));
    expect(numbers).toEqual({
      'a:b': [0, 1, 2, 3, 4],
      'c:d': [1, 2, 3, 5],
      'spoor:string': ['before', 'route', 'after'],
    });
  } finally {
    removeTree(folder);
  }
});

test('the example tells its slowest queries', () => {
  const example = join(repoRoot, 'examples/own-events/slow-queries.mjs');
  const { status, stdout } = spawnSync(process.execPath, [example], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, 'select * from orders: up to 49 ms\n']);
});
