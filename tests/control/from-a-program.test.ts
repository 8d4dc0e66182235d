// The examples of the manual by which programs control sessions: they keep to the types, strictly, and do what they say.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { repoRoot } from '../support/machine.ts';
import { removeTree } from '../support/removal.ts';

/** The block of a page that has this in it. */
function exampleOf(page: string, part: string): string {
  const text = readFileSync(join(repoRoot, 'docs/manual', page), 'utf8');
  const blocks = [...text.matchAll(/```(?:ts|js)\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  const found = blocks.find((code) => code.includes(part));
  if (found === undefined) throw new Error(`${page} has no example with ${part}`);
  return found;
}

let folder = '';
beforeAll(() => {
  // Below the checkout, so that the packages are found.
  mkdirSync(join(repoRoot, '.cache'), { recursive: true });
  folder = mkdtempSync(join(repoRoot, '.cache', 'from-a-program-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'sessions.ts'), exampleOf('sessions.md', 'startDaemon'));
  writeFileSync(join(folder, 'listen.ts'), exampleOf('triggers.md', 'for await'));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
});
afterAll(() => removeTree(folder));

test(
  'they keep to the types, and do what they say',
  withDaemon(async (daemon) => {
    const compiled = spawnSync(join(repoRoot, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    expect([compiled.status, compiled.stdout]).toEqual([0, '']);
    const environment = daemon.environment as NodeJS.ProcessEnv;
    const done = spawnSync(process.execPath, [join(folder, 'sessions.js')], {
      encoding: 'utf8',
      env: environment,
      timeout: 120_000,
    });
    expect([done.status, done.stderr]).toEqual([0, '']);
    const [path, ...lines] = done.stdout.trimEnd().split('\n');
    expect(path).toMatch(/\/lttng-traces\/web-\d{8}-\d{6}\/snapshot-1-\d{8}-\d{6}-0 \d+$/);
    expect(lines).toEqual([
      expect.stringMatching(/^control\/not-rotatable /),
      'web stopped',
      'web destroyed',
    ]);

    const listener = spawn(process.execPath, [join(folder, 'listen.js')], { env: environment });
    let said = '';
    listener.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const client = await daemon.connect();
    await client.call('create-session', { name: 's', mode: 'local' });
    const rule = { kind: 'user-tracepoint', name: 'test:*' } as const;
    await client.call('enable-event', { session: 's', domain: 'user', rule });
    await client.call('start-session', { session: 's' });
    const condition = { kind: 'session-rotation-finishes', session: 's' } as const;
    await client.call('add-trigger', { name: 'rotated', condition, actions: [{ kind: 'notify' }] });
    await until('it has told of a rotation', async () => {
      // It may not listen yet.
      await client.call('rotate-session', { session: 's' });
      return said.includes("trigger: 'rotated'");
    });
    const ended = new Promise((resolve) => listener.once('close', resolve));
    listener.kill();
    await ended;
  }),
  patientlyMs,
);
