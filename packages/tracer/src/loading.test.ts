import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** The modules that importing `entry` loads, by their imports and exports that are not of types only. */
function loadedFrom(entry: string): Set<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    const name = relative(import.meta.dirname, path);
    if (loaded.has(name)) return;
    loaded.add(name);
    const text = readFileSync(path, 'utf8');
    for (const [, target = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)';/gm)) {
      if (target.startsWith('.')) visit(join(dirname(path), target));
      else loaded.add(target);
    }
  };
  visit(join(import.meta.dirname, entry));
  return loaded;
}

test('a program that is not traced loads declarations only: no reader, no ring, no koffi', () => {
  const loaded = loadedFrom('index.ts');
  expect([...loaded].filter((name) => name.startsWith('@'))).toEqual(['@spoor/base']);
  expect(loaded).toContain('tracepoint.ts');
  expect(loaded).not.toContain('session.ts');
});

test('what is loaded into every thread is one file until that finds a session', () => {
  expect([...loadedFrom('register.ts')]).toEqual(['register.ts']);
  expect([...loadedFrom('preload.ts')]).toEqual([
    'preload.ts',
    'load-tracer.ts',
    '@spoor/ringbuffer/hub-place',
    'follow-hub.ts',
    'hub-trust.ts',
    'hub-watch.ts',
    '@spoor/sys/heap-room',
    'joining-mark.ts',
    'stand-by.ts',
    'rule-names.ts',
    '@spoor/filter/globs',
    'thread-slot.ts',
    'session-variable.ts',
  ]);
  expect(loadedFrom('start-thread.ts')).toContain('@spoor/ringbuffer');
});
