import MagicString from 'magic-string';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { ModuleMap } from './source-maps.ts';

const original = 'type A = 1;\nexport function f() { return 1; }\n';

/** The text without its first line, and the map of that, as a loader would make them. */
function loaded(): { readonly text: string; readonly map: string } {
  const text = new MagicString(original);
  text.remove(0, original.indexOf('\n') + 1);
  const map = text.generateMap({ hires: 'boundary', source: 'src/a.ts', includeContent: true });
  return { text: text.toString(), map: map.toString() };
}

test('places are those of the original, by a map in the text or beside it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-maps-'));
  try {
    const { text, map } = loaded();
    writeFileSync(join(folder, 'a.js.map'), map);
    const url = pathToFileURL(join(folder, 'a.js')).href;
    const inline = `data:application/json;base64,${Buffer.from(map).toString('base64')}`;
    for (const where of ['a.js.map', inline, `data:application/json,${encodeURIComponent(map)}`]) {
      const own = ModuleMap.of(`${text}//# sourceMappingURL=none.map\n//# sourceMappingURL=${where}\n`, url);
      expect(own?.originalOf(1, 8)).toEqual({ file: join(folder, 'src/a.ts'), line: 2, column: 8 });
      const changed = new MagicString(text);
      changed.appendRight(text.indexOf('return'), 'inserted;');
      const composed = new TraceMap(
        own!.composedWith(changed.generateMap({ hires: 'boundary', source: url })),
      );
      const found = originalPositionFor(composed, { line: 1, column: changed.toString().indexOf('return') });
      expect(found).toMatchObject({
        line: 2,
        column: 22,
        source: pathToFileURL(join(folder, 'src/a.ts')).href,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a map that is not there, or none, is no map', () => {
  const url = 'file:///nowhere/a.js';
  for (const where of [
    'a.js.map',
    'data:application/json,{',
    'data:text/plain,x',
    'https://example.org/a.map',
    '/dev/zero',
    '/proc/self',
  ]) {
    expect(ModuleMap.of(`f();\n//# sourceMappingURL=${where}`, url)).toBeUndefined();
  }
  expect(ModuleMap.of('f("sourceMappingURL=x")', url)).toBeUndefined();
});
