// The repository's own traces, which together have every field class of both versions: no corpus is needed for them.
import { childrenOf, formatCtf2, readMetadata, type FieldClass, type StructureFieldClass } from '@spoor/ctf';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { convertTrace, textOf } from '../support/converted.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { removeTree } from '../support/removal.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'every-class');
const scratch = mkdtempSync(join(tmpdir(), 'spoor-fixtures-'));
afterAll(() => removeTree(scratch));

let count = 0;
function converted(path: string, version: '1.8' | '2', oneByOne: boolean): string {
  const out = join(scratch, `out-${count++}`);
  convertTrace(path, out, version, oneByOne);
  return out;
}

const expected = (name: string): string => readFileSync(join(folder, `${name}.txt`), 'latin1');

/** Each trace, its text, and its text as CTF 1.8 and as CTF 2. */
const traces = [
  ['ctf-1.8-le', 'ctf-1.8', 'ctf-1.8'],
  ['ctf-1.8-be', 'ctf-1.8', 'ctf-1.8'],
  ['ctf-1.8-le-wide', 'ctf-1.8-wide', 'ctf-1.8-wide'],
  ['ctf-1.8-be-wide', 'ctf-1.8-wide', 'ctf-1.8-wide'],
  ['ctf-2-le', 'ctf-2', 'ctf-2-as-1.8'],
  ['ctf-2-be', 'ctf-2', 'ctf-2-as-1.8'],
] as const;

test.each(traces)('%s prints what it should, in both versions and back', (name, text, lowered) => {
  const original = join(folder, name);
  expectSameText(textOf(original), expected(text), name);
  for (const oneByOne of [false, true]) {
    const raised = converted(original, '2', oneByOne);
    expectSameText(textOf(raised), expected(text), `${name} as CTF 2`);
    expectSameText(textOf(converted(original, '1.8', oneByOne)), expected(lowered), `${name} as CTF 1.8`);
    expectSameText(
      textOf(converted(raised, '1.8', oneByOne)),
      expected(lowered),
      `${name} as CTF 2 as CTF 1.8`,
    );
  }
});

test('they are what the script makes', () => {
  const made = join(scratch, 'made');
  const script = join(repoRoot, 'scripts', 'make-fixtures.mjs');
  const done = spawnSync(process.execPath, [script, made], { encoding: 'utf8', timeout: 120_000 });
  expect(done.status, done.stderr).toBe(0);
  const files = (path: string): readonly string[] =>
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((file) => /metadata$|stream/.test(file))
      .sort();
  expect(files(made)).toEqual(files(folder));
  for (const file of files(made)) {
    expect(readFileSync(join(made, file)).equals(readFileSync(join(folder, file))), file).toBe(true);
  }
});

test('they have every field class, encoding, display base, bit order and role', () => {
  const seen = new Set<string>();
  const visit = (fieldClass: FieldClass): void => {
    seen.add(fieldClass.kind);
    if ('encoding' in fieldClass && fieldClass.encoding !== undefined) seen.add(fieldClass.encoding);
    if ('byteOrder' in fieldClass) seen.add(fieldClass.byteOrder);
    if ('reversed' in fieldClass && fieldClass.reversed !== undefined) seen.add('reversed');
    if ('roles' in fieldClass) for (const role of fieldClass.roles ?? []) seen.add(role);
    if (fieldClass.kind === 'integer') {
      seen.add(`base ${fieldClass.displayBase}`).add(fieldClass.signed ? 'signed' : 'unsigned');
      if (fieldClass.variableLength !== undefined) seen.add('variable length');
      if (fieldClass.mappings !== undefined) seen.add('mappings');
    }
    if (fieldClass.kind === 'float') seen.add(`float ${fieldClass.lengthBits}`);
    if (fieldClass.kind === 'bit-array' && fieldClass.flags !== undefined) seen.add('flags');
    for (const child of childrenOf(fieldClass)) visit(child);
  };
  for (const [name] of traces) {
    const { packetHeader, streamClasses } = readMetadata(readFileSync(join(folder, name, 'metadata')));
    const scopes: (StructureFieldClass | undefined)[] = [packetHeader];
    for (const { packetContext, eventHeader, eventCommonContext, eventClasses } of streamClasses) {
      scopes.push(packetContext, eventHeader, eventCommonContext);
      for (const { specificContext, payload } of eventClasses) scopes.push(specificContext, payload);
    }
    for (const scope of scopes) if (scope !== undefined) visit(scope);
  }
  const kinds =
    'integer float bit-array boolean string static-string dynamic-string static-blob dynamic-blob';
  const compounds = 'structure static-array dynamic-array variant optional';
  const encodings = 'utf-8 ascii utf-16be utf-16le utf-32be utf-32le';
  const roles =
    'packet-magic-number metadata-stream-uuid data-stream-class-id data-stream-id packet-total-length ' +
    'packet-content-length default-clock-timestamp packet-end-default-clock-timestamp ' +
    'discarded-event-record-counter-snapshot packet-sequence-number event-record-class-id';
  const wanted = [
    ...`${kinds} ${compounds} ${encodings} ${roles} le be reversed mappings flags signed unsigned`.split(' '),
    'variable length',
    'base 2',
    'base 8',
    'base 10',
    'base 16',
    'float 16',
    'float 32',
    'float 64',
  ];
  expect(wanted.filter((word) => !seen.has(word))).toEqual([]);
});

test('metadata of CTF 2 is written back equal', () => {
  for (const name of ['ctf-2-le', 'ctf-2-be']) {
    const traceClass = readMetadata(readFileSync(join(folder, name, 'metadata')));
    expect(readMetadata(new TextEncoder().encode(formatCtf2(traceClass)))).toEqual(traceClass);
  }
});

describeNeeding([command('babeltrace2')], 'babeltrace2 prints the same of CTF 1.8', () => {
  test.each(['ctf-1.8-le', 'ctf-1.8-be'])('%s', (name) => {
    const done = babeltrace2(['--clock-gmt', join(folder, name)]);
    expect(done.status, done.stderr).toBe(0);
    expectSameText(Buffer.from(done.stdout).toString('latin1'), expected('ctf-1.8'), name);
    const back = babeltrace2([
      '--clock-gmt',
      converted(converted(join(folder, name), '2', false), '1.8', true),
    ]);
    expect(back.status, back.stderr).toBe(0);
    expectSameText(
      Buffer.from(back.stdout).toString('latin1'),
      expected('ctf-1.8'),
      `${name}, there and back`,
    );
  });
});
