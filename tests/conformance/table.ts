// `npm run conformance`: runs all cases on the corpus and prints a table. Status 1 when anything deviates.
import { existsSync } from 'node:fs';
import { corpusTraces } from '../support/corpus.ts';
import { command, corpus } from '../support/machine.ts';
import { caseName, checkKinds, conformanceCases, skippedCases, verdictOf } from './cases.ts';

const families = ['babeltrace-tests', 'ctf-testsuite', 'tracecompass', 'own-ust'] as const;
const lacking = [command('zstd', 'corpus'), ...families.map((family) => corpus(`${family}.tar.zst`))].filter(
  ({ met }) => !met,
);
if (lacking.length > 0 || !existsSync('/proc')) {
  console.error(`conformance: the corpus is not here: ${lacking.map(({ lack }) => lack).join('; ')}`);
  process.exit(2);
}
const hasPeer = command('babeltrace2').met;
const skipped = skippedCases();
const cases = conformanceCases(hasPeer);
const unknown = new Set(skipped.keys());
const counts = new Map<string, { ok: number; all: number }>();
const deviations: string[] = [];
const leftOut: string[] = [];
for (const [index, conformanceCase] of cases.entries()) {
  const name = caseName(conformanceCase);
  unknown.delete(name);
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${index + 1} of ${cases.length}: ${name}`);
  const result = verdictOf(conformanceCase, skipped);
  const key = `${conformanceCase.family} ${conformanceCase.kind}`;
  const count = counts.get(key) ?? { ok: 0, all: 0 };
  counts.set(key, count);
  count.all += 1;
  if (result.verdict === 'ok') count.ok += 1;
  if (result.verdict === 'skipped') leftOut.push(`${name}: ${skipped.get(name)}`);
  if (result.verdict === 'deviates') deviations.push(`${name}: ${result.how}`);
}
if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
for (const name of unknown) deviations.push(`${name}: the skip list names it, but there is no such case`);

const titles: Readonly<Record<(typeof checkKinds)[number], string>> = {
  metadata: 'metadata judged',
  stream: 'streams judged',
  digest: 'text = 2.1',
  peer: 'text = 2.0.4 here',
  reference: 'expected outputs',
};
const rows = families.map((family) => [
  family,
  String(corpusTraces().filter((trace) => trace.family === family).length),
  ...checkKinds.map((kind) => {
    const count = counts.get(`${family} ${kind}`);
    return count === undefined ? '-' : `${count.ok}/${count.all}`;
  }),
]);
const table = [['family', 'traces', ...checkKinds.map((kind) => titles[kind])], ...rows];
const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
for (const row of table)
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
if (!hasPeer) console.log('babeltrace2 is not here: nothing was compared with it live');
for (const line of leftOut) console.log(`skipped: ${line}`);
for (const line of deviations) console.log(`deviates: ${line}`);
console.log(
  `${cases.length - leftOut.length - deviations.length} as they must be, ${leftOut.length} skipped, ${deviations.length} deviate`,
);
process.exitCode = deviations.length === 0 ? 0 : 1;
