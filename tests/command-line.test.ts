// What the command says to a person who does not know it yet.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { spoor, spoorProgram } from './support/spoor.ts';

test('without a word it tells its commands, and that is no success', () => {
  const done = spoor([]);
  expect(done.status).toBe(1);
  expect(done.stdout).toBe('');
  for (const verb of ['record', 'convert', 'analyze', 'view']) expect(done.stderr).toContain(`\n  ${verb} `);
});

test.each([
  [['set-session'], `missing required argument 'session'`],
  [['record'], `missing required argument 'command'`],
  [['--bogus'], `unknown option '--bogus'`],
  [
    ['record', '--subbuf-size', '3', 'node'],
    `option '--subbuf-size <size>' argument '3' is invalid. A power of two between 4k and 256M is needed`,
  ],
])('%j is told off in one line that says where to look', (words, what) => {
  const done = spoor(words);
  expect(done.status).toBe(2);
  expect(done.stderr).toBe(`spoor: ${what} (--help tells how it is used)\n`);
});

test('a mistyped command is not taken for a trace that is missing', () => {
  const done = spoor(['recrd', '--', 'node', 'server.js']);
  expect(done.status).toBe(2);
  expect(done.stderr).toBe('spoor: no command and no directory is named recrd (did you mean record?)\n');
});

test('help into a pipe that is closed ends quietly', () => {
  const script = `"$0" "$1" --help | true; echo "\${PIPESTATUS[0]}"`;
  const done = spawnSync('bash', ['-c', script, process.execPath, spoorProgram], { encoding: 'utf8' });
  expect(done.stderr).toBe('');
  expect(done.stdout).toBe('0\n');
});
