// The manual's table of automatic events against their declarations.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';

const folder = join(repoRoot, 'packages/tracer/src/auto');

/** Fields of each event, as declared: `tracepoint('name', [['field', …], …])`. */
function declared(): Map<string, string[]> {
  const events = new Map<string, string[]>();
  for (const file of readdirSync(folder).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const part of text.split(/\btracepoint\(\s*/).slice(1)) {
      const name = /^'([^']+)',/.exec(part)?.[1];
      if (name === undefined) continue;
      const declaration = part.slice(0, part.search(/\n\)?;|\);\n/));
      events.set(
        name,
        [...declaration.matchAll(/\[\s*'(\w+)'\s*,/g)].map(([, field]) => field!),
      );
    }
  }
  return events;
}

test('the manual lists every automatic event with its fields, in order', () => {
  const manual = readFileSync(join(repoRoot, 'docs/manual/automatic-events.md'), 'utf8');
  const rows = new Map<string, string[]>();
  for (const [, name = '', fields = ''] of manual.matchAll(
    /^\| [^|]+ \| `([a-z_]+:[a-z_]+)` \| (.*) \|$/gm,
  )) {
    const events = [...declared().keys()];
    expect(events).toContain(name);
    const known = declared().get(name)!;
    rows.set(
      name,
      [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field!).filter((field) => known.includes(field)),
    );
  }
  const unique = new Map([...rows].map(([name, fields]) => [name, [...new Set(fields)]]));
  expect(Object.fromEntries(unique)).toEqual(Object.fromEntries(declared()));
});
