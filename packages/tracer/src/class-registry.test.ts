import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClassRegistry } from './class-registry.ts';
import { declare } from './declaration.ts';

test('threads that declare classes by turns agree on their numbers, and each is declared once', () => {
  const declarations = ['a:one', 'a:two', 'b:three'].flatMap((name) => [
    declare(name, [['n', 'u32']]),
    declare(name, [['text', 'string']]),
  ]);
  const step = fc.record({
    thread: fc.nat({ max: 2 }),
    // The last is the class of a stream.
    declared: fc.nat({ max: declarations.length }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const folder = mkdtempSync(join(tmpdir(), 'spoor-classes-'));
      try {
        const threads = [0, 1, 2].map((thread) => new ClassRegistry(folder, String(thread)));
        const numbers = new Map<number, number>();
        for (const { thread, declared } of steps) {
          const registry = threads[thread]!;
          const declaration = declarations[declared];
          const number =
            declaration === undefined ? registry.streamClassId('c', []) : registry.eventId(declaration, 7);
          expect(numbers.get(declared) ?? number).toBe(number);
          numbers.set(declared, number);
        }
        const files = readdirSync(folder).sort((one, other) => Number(one) - Number(other));
        expect(files).toEqual(Array.from({ length: numbers.size }, (_, id) => String(id)));
        for (const [declared, number] of numbers) {
          const text = readFileSync(join(folder, String(number)), 'utf8');
          const declaration = declarations[declared];
          expect(text).toContain(`\tid = ${number};\n`);
          if (declaration !== undefined) expect(text).toContain(`name = "${declaration.name}";`);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
});
