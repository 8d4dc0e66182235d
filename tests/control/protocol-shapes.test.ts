// The rule for the version of the control protocol (docs/design/control.md): what changed since the version was raised must
// be understood by daemons and clients of before. The compiler says whether it is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONTROL_VERSION } from '@spoor/control';
import { expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';
import { removeTree } from '../support/removal.ts';

const frozen = join(repoRoot, `tests/control/fixtures/protocol-${CONTROL_VERSION}.txt`);
const now = join(repoRoot, 'packages/control/dist/protocol.d.ts');

/** Lines that compile if each of two peers understands what the other sends. */
function checks(thenText: string, nowPath: string): string {
  const methods = /export interface Methods \{\n([^]*?)\n\}/.exec(thenText)![1]!;
  const names = [...methods.matchAll(/^ {4}readonly '?([a-z-]+)'?: \{/gm)].map(([, name]) => name!);
  expect(names).toContain('get-usage');
  expect(names).toContain('track');
  const of = (when: 'Then' | 'Now', name: string, part: string): string =>
    `${when}.Methods['${name}']['${part}']`;
  const lines = names.flatMap((name) => [
    `  takes<${of('Then', name, 'result')}, ${of('Now', name, 'result')}>(), // ${name}: an older client reads it`,
    `  takes<${of('Now', name, 'result')}, ${of('Then', name, 'result')}>(), // ${name}: an older daemon answers it`,
    `  takes<${of('Now', name, 'params')}, ${of('Then', name, 'params')}>(), // ${name}: an older client asks it`,
  ]);
  return [
    "import type * as Then from './protocol.ts';",
    `import type * as Now from ${JSON.stringify(nowPath)};`,
    'declare function takes<To, _From extends To>(): void;',
    'void [',
    ...lines,
    '  takes<Then.Notification, Now.Notification>(), // notifications: an older client reads them',
    '  takes<Now.Notification, Then.Notification>(), // notifications: an older daemon sends them',
    '];',
  ].join('\n');
}

/** What the compiler says against the shapes of a version; nothing where peers understand each other. */
function complaints(thenText: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-protocol-'));
  try {
    for (const part of thenText.split(/^\/\/ FILE /m).slice(1)) {
      const end = part.indexOf('\n');
      writeFileSync(join(folder, part.slice(0, end)), part.slice(end + 1));
    }
    writeFileSync(join(folder, 'check.ts'), checks(thenText, now));
    const options = {
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        target: 'es2024',
        module: 'nodenext',
        allowImportingTsExtensions: true,
        types: [],
      },
      files: ['check.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const tsc = join(repoRoot, 'node_modules/typescript/bin/tsc');
    const words = [tsc, '-p', folder, '--pretty', 'false'];
    const { stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
    const lines = readFileSync(join(folder, 'check.ts'), 'utf8').split('\n');
    return stdout.replaceAll(
      /^check\.ts\((\d+),\d+\)/gm,
      (_, line: string) => `${lines[Number(line) - 1]!.trim()}\n`,
    );
  } finally {
    removeTree(folder);
  }
}

test('peers of this version understand each other, or the version is raised', () => {
  expect(existsSync(frozen), 'a new version: node scripts/freeze-protocol.mjs writes it down').toBe(true);
  expect(
    complaints(readFileSync(frozen, 'utf8')),
    'raise CONTROL_VERSION, or have what is new be absent (docs/design/control.md)',
  ).toBe('');
});

test('what peers of before would misunderstand is found', () => {
  const text = readFileSync(frozen, 'utf8');
  const changes: readonly (readonly [what: RegExp, other: string, where: string])[] = [
    // A member of an answer is gone, one more is relied on, a parameter is needed, a number became text, a topic is new.
    [
      /(export interface StopResult .*\n)/,
      '$1 readonly formerly: number;\n',
      'stop-session: an older client',
    ],
    [/readonly endedDiscarded: .*\n/, '', 'get-usage: an older daemon'],
    [/(interface SessionRequest \{\n).*\n/, '$1', 'start-session: an older client asks'],
    [/readonly tookMs: number/, 'readonly tookMs: string', 'record-snapshot: an older client'],
    [/readonly topic: 'session';/, "readonly topic: 'sessions';", 'notifications: an older client'],
  ];
  let changed = text;
  for (const [what, other] of changes) {
    const before = changed;
    changed = changed.replace(what, other);
    expect(changed, String(what)).not.toBe(before);
  }
  const found = complaints(changed);
  for (const [, , where] of changes) expect(found).toContain(`// ${where}`);
});

test('what may be absent may be added', () => {
  const text = readFileSync(frozen, 'utf8');
  const without = text
    .replace(/readonly failures\?: .*\n/, '')
    .replace(/readonly maxSizeBytes\?: number;\n/g, '');
  expect(without.length).toBeLessThan(text.length - 100);
  expect(complaints(without)).toBe('');
});
