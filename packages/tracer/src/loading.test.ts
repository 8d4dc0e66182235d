import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** The modules that importing `entry` loads, by their `import … from` and `export … from` that are not types only. */
function loadedFrom(entry: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    if (!name.startsWith('./')) return;
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    for (const [, target = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)';/gm))
      visit(target);
  };
  visit(entry);
  return loaded;
}

test('a program that is not traced loads declarations only: no reader, no ring, no koffi', () => {
  const loaded = loadedFrom('./index.ts');
  expect([...loaded].filter((name) => !/^(?:\.\/|node:)/.test(name))).toEqual(['@spoor/base']);
  expect(loaded).not.toContain('./session.ts');
  expect(loadedFrom('./register.ts')).toContain('@spoor/ringbuffer');
});
